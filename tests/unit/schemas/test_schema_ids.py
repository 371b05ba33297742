"""The list of schema ids only ever grows, and says the truth about the files beside it."""

import json
import subprocess
from pathlib import Path

import pytest

from schemas.ids import LIST, BadSchemaList, add_new, check_append_only, check_files, parse_list, read_list
from schemas.registry import BadSchema, Registry
from tests.unit.schemas.avro_values import field, record, registry_of

ROOT = Path(__file__).parents[3]
HASH = "0" * 64


def test_every_schema_file_is_listed_and_unchanged_since() -> None:
    check_files()


def test_ids_once_committed_are_never_changed_removed_or_moved() -> None:
    for revision in _revisions():
        check_append_only(_git("show", f"{revision}:schemas/{LIST}"), (ROOT / "schemas" / LIST).read_text())


def _revisions() -> list[str]:
    """Every commit of the list since it was last begun anew."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: there is no history to hold the list against")
    log = ("log", "--first-parent", "--format=%H")
    begun = _git(*log, "--diff-filter=A", "-1", "--", f"schemas/{LIST}").strip()
    return [begun, *_git(*log, f"{begun}..HEAD", "--", f"schemas/{LIST}").split()] if begun else []


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


LISTED = f"1 test.Opened.v1 {HASH}\n2 test.Closed.v1 {HASH}\n3 test.Opened.v2 {HASH}\n"


@pytest.mark.parametrize(
    "after",
    [
        LISTED.replace("2 test.Closed.v1", "2 test.Reopened.v1"),
        LISTED.replace(f"3 test.Opened.v2 {HASH}", f"3 test.Opened.v2 {'1' * 64}"),
        f"1 test.Closed.v1 {HASH}\n2 test.Opened.v1 {HASH}\n3 test.Opened.v2 {HASH}\n",
        f"1 test.Opened.v1 {HASH}\n2 test.Closed.v1 {HASH}\n",
    ],
    ids=["another name", "another fingerprint", "swapped", "shortened"],
)
def test_a_list_that_says_otherwise_than_before_is_refused(after: str) -> None:
    with pytest.raises(BadSchemaList):
        check_append_only(LISTED, after)


def test_a_list_with_lines_added_at_its_end_is_accepted() -> None:
    check_append_only(LISTED, LISTED + f"4 test.Closed.v2 {HASH}\n")


@pytest.mark.parametrize(
    "text",
    [
        f"1 test.Opened.v1 {HASH}\n3 test.Closed.v1 {HASH}\n",
        f"2 test.Opened.v1 {HASH}\n1 test.Closed.v1 {HASH}\n",
        f"1 test.Opened.v1 {HASH}\n2 test.Opened.v1 {HASH}\n",
        "1 test.Opened.v1\n",
        f"1 test.Opened {HASH}\n",
    ],
    ids=["a gap", "out of order", "listed twice", "no fingerprint", "no version"],
)
def test_a_broken_list_is_refused(text: str) -> None:
    with pytest.raises(BadSchemaList):
        parse_list(text)


def test_a_new_schema_gets_the_next_id(tmp_path: Path) -> None:
    registry_of(tmp_path, record("Opened", field("a", "string")))
    (tmp_path / "test" / "Closed.v1.avsc").write_text(json.dumps(record("Closed")))
    assert [(new.id, new.type, new.version) for new in add_new(tmp_path)] == [(2, "test.Closed", 1)]
    assert [listed.id for listed in read_list(tmp_path)] == [1, 2]
    assert add_new(tmp_path) == ()


@pytest.mark.parametrize("name", ["Opened.v3.avsc", "Opened.avsc", "opened-v2.avsc"])
def test_a_file_that_is_not_the_next_version_gets_no_id(tmp_path: Path, name: str) -> None:
    registry_of(tmp_path, record("Opened"))
    (tmp_path / "test" / name).write_text(json.dumps(record("Opened")))
    with pytest.raises(BadSchemaList):
        add_new(tmp_path)
    assert len(read_list(tmp_path)) == 1


def test_a_file_changed_missing_or_not_listed_is_named(tmp_path: Path) -> None:
    registry_of(tmp_path, record("Opened"), record("Opened", field("a", "string", default="")))
    (tmp_path / "test" / "Opened.v1.avsc").unlink()
    (tmp_path / "test" / "Opened.v2.avsc").write_text(json.dumps(record("Opened", field("a", "string", default="x"))))
    (tmp_path / "test" / "Closed.v1.avsc").write_text(json.dumps(record("Closed")))
    with pytest.raises(BadSchemaList) as refused:
        check_files(tmp_path)
    assert "Opened.v1.avsc is listed and not there" in str(refused.value)
    assert "Opened.v2.avsc was changed" in str(refused.value)
    assert "Closed.v1.avsc is not listed" in str(refused.value)


def test_wording_may_be_mended_after_a_schema_got_its_id(tmp_path: Path) -> None:
    registry_of(tmp_path, record("Opened", field("a", "string", doc="Spelt rong."), doc="It opend."))
    mended = record("Opened", field("a", "string", doc="Spelt right."), doc="It opened.")
    (tmp_path / "test" / "Opened.v1.avsc").write_text(json.dumps(mended))
    check_files(tmp_path)


def test_a_changed_schema_is_not_used_either(tmp_path: Path) -> None:
    registry = registry_of(tmp_path, record("Opened", field("a", "string")))
    (tmp_path / "test" / "Opened.v1.avsc").write_text(json.dumps(record("Opened", field("a", "long"))))
    with pytest.raises(BadSchemaList, match="was changed"):
        _ = registry.latest("test.Opened").declaration


def test_every_event_says_what_fact_it_records() -> None:
    registry = Registry()
    silent = [type for type in registry.types if len(registry.latest(type).declaration.get("doc", "")) < 20]
    assert silent == []


def test_every_declaration_of_personal_fields_is_right() -> None:
    registry = Registry()
    personal = {type: [field.name for field in registry.latest(type).personal] for type in registry.types}
    assert personal["dispatch.TechnicianRegistered"] == ["name", "email", "phone"]


@pytest.mark.parametrize(
    ("type", "mark"),
    [
        ("long", {"subject": "stream_id", "erased": "x"}),
        ({"type": "array", "items": "string"}, {"subject": "stream_id", "erased": "x"}),
        ("string", {"subject": "stream_id", "erased": None}),
        (["null", "string"], {"subject": "stream_id", "erased": 5}),
        ("string", {"subject": "nobody", "erased": "x"}),
        ("string", {"subject": "text", "erased": "x"}),
        ("string", {"subject": "stream_id"}),
        ("string", "stream_id"),
    ],
)
def test_a_wrongly_declared_personal_field_is_refused(tmp_path: Path, type: object, mark: object) -> None:
    fields = (field("text", "string"), field("it", type, personal=mark))
    registry = registry_of(tmp_path, record("Opened", *fields))
    with pytest.raises(BadSchema, match="it: "):
        _ = registry.latest("test.Opened").personal


def test_a_file_that_declares_another_record_is_refused(tmp_path: Path) -> None:
    registry_of(tmp_path, record("Opened"))
    (tmp_path / "test" / "Closed.v1.avsc").write_text(json.dumps(record("Opened")))
    add_new(tmp_path)
    with pytest.raises(BadSchema, match="declares another record"):
        _ = Registry(tmp_path).latest("test.Closed").declaration


def test_every_event_has_a_field() -> None:
    """Confluent's Python deserializer takes a message of no more than its five bytes of prefix for no event at all."""
    registry = Registry()
    assert [type for type in registry.types if not registry.latest(type).declaration["fields"]] == []


def test_a_start_reads_the_list_and_no_schema(tmp_path: Path) -> None:
    registry_of(tmp_path, record("Opened", field("a", "string")))
    (tmp_path / "test" / "Opened.v1.avsc").unlink()
    assert Registry(tmp_path).latest("test.Opened").id == 1
