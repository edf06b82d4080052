"""The last hops of every payment, in memory: so the past of any recent one can be asked for afterwards."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from actors.tracing import Record

NOBODY = b""
"""The id of a mark, which is no payment's."""


class Ring:
    """Holds so many hops and forgets the oldest for the next.

    Args:
        size: how many; 0 for none.

    Attributes:
        append: takes a hop. The deque's own method: it is called for every hop.
    """

    def __init__(self, size: int) -> None:
        self._hops: deque[Record] = deque(maxlen=size)
        self.append = self._hops.append
        self._mark: Record | None = None

    def __len__(self) -> int:
        return len(self._hops)

    def since_mark(self, now_ns: int) -> list[Record]:
        """What came since this was called last, the newest first. What takes a second's hops leaves a mark there.

        Args:
            now_ns: the present, for the new mark.
        """
        mark, found = self._mark, []
        for record in reversed(self._hops):
            if record is mark:
                break
            found.append(record)
        if found:
            self._mark = (now_ns, 0, NOBODY, "", 0, "", None)
            self.append(self._mark)
        return found

    def hops_of(self, ids: Collection[bytes], since_ns: int = 0) -> dict[bytes, list[Record]]:
        """The hops of some payments, by one pass from the newest back.

        Args:
            ids: whose.
            since_ns: none of them began before; spares the pass over what is older.

        Returns:
            By id, in the order in which they were noted; without those that there is nothing of.
        """
        found: dict[bytes, list[Record]] = {}
        # A mark is met by the same test as the hops that are looked for.
        wanted = {*ids, NOBODY}
        for record in reversed(self._hops):
            if record[2] in wanted:
                if record[2] is not NOBODY:
                    found.setdefault(record[2], []).append(record)
                elif record[0] < since_ns:
                    break
        for hops in found.values():
            hops.reverse()
        return found
