"""How the body of a frame is turned into bytes and back, as a table entry."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Body(NamedTuple):
    """The body of one type of frame.

    Args:
        frame: the frame's class.
        dump: makes the body.
        load: makes the frame; raises ``ValueError`` or ``struct.error`` for a body that is none.
    """

    frame: type
    dump: Callable[[Any], bytes]
    load: Callable[[bytes], Any]


def fixed(frame: type, layout: str) -> Body:
    """A body whose fields follow each other in one struct, all of the same sizes always."""
    struct = Struct(layout)
    return Body(frame, lambda fields: struct.pack(*fields), lambda body: frame(*struct.unpack(body)))
