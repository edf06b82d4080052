"""One environment variable: what stands in the table, and how its text becomes a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable


class Variable(msgspec.Struct, frozen=True):
    """What a field's annotation says of the variable behind it.

    Args:
        name: its name in the environment.
        default: its value where it isn't set, as one would write it; empty if the field has a default of its own.
        meaning: what it is, for people.
        secret: its value is never shown.
        default_note: what to show in the place of an empty default.
    """

    name: str
    default: str
    meaning: str
    secret: bool = False
    default_note: str = "not set"


class ReadBy(msgspec.Struct, frozen=True):
    """In a field's annotation: the function that reads its text, for what msgspec has no notion of.

    Args:
        function: from text to value; raises ValueError with a reason that names the fix and repeats nothing secret.
    """

    function: Callable[[str], Any]


def read_text(kind: Any, text: str) -> Any:
    """Make a field's value of text.

    Args:
        kind: the field's annotation: ``Annotated`` with ``ReadBy``, or a type that msgspec converts text to, numbers
            with their bounds in ``msgspec.Meta``.
        text: the text, not empty.

    Raises:
        ValueError: it is no such value; the reason names the fix.
    """
    if not text.isprintable():
        raise ValueError("must be one line of printable text")
    for note in get_args(kind):
        if isinstance(note, ReadBy):
            return note.function(text)
    try:
        value = msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        raise ValueError(_expectation(kind)) from None
    # msgspec takes 1.0 and 1e3 for whole numbers.
    if isinstance(value, int) and str(value) != text:
        raise ValueError(_expectation(kind))
    return value


def _expectation(kind: Any) -> str:
    """Say what msgspec would have taken: its own words are those of a schema, not of a person."""
    base, *notes = get_args(kind)
    if get_origin(base) is Literal:
        return f"must be one of: {', '.join(get_args(base))}"
    bounds = next(note for note in notes if isinstance(note, msgspec.Meta))
    return f"must be a {'whole ' if base is int else ''}number from {bounds.ge:.12g} to {bounds.le:.12g}"
