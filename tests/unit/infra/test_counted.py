import pytest

from infra.counted import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 events tell"), (1, "1 event tells"), (2, "2 events tell"), (12345, "12,345 events tell")],
)
def test_one_is_said_otherwise_than_none_and_several(number: int, said: str) -> None:
    assert counted(number, "event tells", "events tell") == said


def test_where_an_s_is_enough_one_word_is() -> None:
    assert (counted(1, "attempt"), counted(3, "attempt")) == ("1 attempt", "3 attempts")
