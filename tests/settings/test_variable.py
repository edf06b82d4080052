"""How the text of a variable becomes a value: a number is what a person would write as one."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from rinha.settings.variable import ReadBy, read_text

WHOLE = Annotated[int, Meta(ge=-5, le=65535)]
NUMBER = Annotated[float, Meta(ge=0, le=1_000_000)]

NO_NUMBERS = (
    "1_0",
    " 1",
    "1 ",
    "+1",
    "nan",
    "NaN",
    "inf",
    "Infinity",
    "1e400",
    "\u0661",
    "0x1",
    "true",
    "1,5",
    "--1",
    "x",
)


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("-5", -5), ("65535", 65535)])
def test_whole_numbers(text: str, value: int) -> None:
    assert read_text(WHOLE, text) == value


@pytest.mark.parametrize("text", [*NO_NUMBERS, "1.0", "1e3", "007", "-0", "-6", "65536", "9" * 400])
def test_no_whole_numbers(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a whole number from -5 to 65535$"):
        read_text(WHOLE, text)


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("0.25", 0.25), ("1e3", 1000.0), ("1000000", 1e6)])
def test_numbers(text: str, value: float) -> None:
    read = read_text(NUMBER, text)
    assert (read, type(read)) == (value, float)


@pytest.mark.parametrize("text", [*NO_NUMBERS, ".5", "1.", "-0.1", "1000000.1", "9" * 400])
def test_no_numbers(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a number from 0 to 1000000$"):
        read_text(NUMBER, text)


@given(st.text(min_size=1))
def test_a_number_is_within_its_bounds_or_refused(text: str) -> None:
    for kind, low, high in ((WHOLE, -5, 65535), (NUMBER, 0, 1_000_000)):
        try:
            value = read_text(kind, text)
        except ValueError:
            continue
        assert low <= value <= high


def test_words_are_those_of_the_annotation_in_its_order() -> None:
    kind = Annotated[Literal["second", "first"], "note"]
    assert read_text(kind, "first") == "first"
    with pytest.raises(ValueError, match=r"^must be one of: second, first$"):
        read_text(kind, "third")


def test_what_has_a_reader_is_read_by_it() -> None:
    assert read_text(Annotated[bytes, ReadBy(str.encode)], "ab") == b"ab"


@pytest.mark.parametrize("text", ["a\n", "\u2028", "\udcff", "\0"])
def test_every_value_is_one_line_of_printable_text(text: str) -> None:
    with pytest.raises(ValueError, match="one line of printable text"):
        read_text(Annotated[str, "note"], text)
