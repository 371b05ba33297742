"""Whether an answer looks like a document's example."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_MILLISECONDS = re.compile(r"\d+ms")


def assert_like(example: Any, answer: Any, place: str = "answer") -> None:
    """The same fields, no more and no fewer, each of the example's kind; what the example has null must be null.

    Of a list every item is to be like the example's first.
    """
    match example:
        case Mapping():
            assert isinstance(answer, dict), place
            assert answer.keys() == example.keys(), place
            for name, value in example.items():
                assert_like(value, answer[name], f"{place}.{name}")
        case str() if "uuid" in example:
            UUID(answer)
        case str() if _MOMENT.fullmatch(example):
            assert _MOMENT.fullmatch(answer), (place, answer)
        case str() if _MILLISECONDS.fullmatch(example):
            assert _MILLISECONDS.fullmatch(answer), (place, answer)
        case list():
            assert isinstance(answer, list), place
            for number, value in enumerate(answer if example else ()):
                assert_like(example[0], value, f"{place}[{number}]")
        case None:
            assert answer is None, place
        case _:
            assert type(answer) is type(example), (place, answer)
