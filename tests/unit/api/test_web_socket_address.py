"""What a client may write into the address of the web socket."""

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from api.automation.dialect import CHANNELS
from api.live.opening import wish

_NAMES = st.sampled_from(["user_id", "channels", "last_position", "epoch"]) | st.text()
_VALUES = st.text() | st.from_regex(r"[0-9]{1,25}") | st.sampled_from(["jobs", "jobs, skills,", ",,", "gossip"])


@given(st.dictionaries(_NAMES, _VALUES))
def test_whatever_is_written_is_understood_or_objected_to(query: dict[str, str]) -> None:
    wanted = wish(QueryParams(query), CHANNELS)
    assert CHANNELS.keys() >= set(wanted.channels)
    assert wanted.position is None or 0 <= wanted.position < 10**18
    objected = {objection["code"] for objection in wanted.objections}
    assert ("bad_position" in objected) == (query.get("last_position") is not None and wanted.position is None)


def test_spaces_and_empty_names_between_commas_do_not_count() -> None:
    wanted = wish(QueryParams("channels=skills,%20jobs,,skills"), CHANNELS)
    assert wanted.channels == ["skills", "jobs"]
    assert wanted.objections == ()
