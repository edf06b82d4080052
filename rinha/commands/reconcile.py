"""Comparing the books: ours against the processors', and both against what clients were told."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from actors.values import LedgerRow


class Discrepancy(NamedTuple):
    """Something that must not be.

    Args:
        kind: ``lost`` (acknowledged, but at no processor), ``doubled`` (at more than one), ``unrecorded`` (at a
            processor, not in our books), ``imaginary`` (in our books, not at that processor), ``different`` (another
            amount or ``requestedAt``), ``unwanted`` (refused, but settled).
        payment_id: the payment's 16 bytes.
        detail: for people.
    """

    kind: str
    payment_id: bytes
    detail: str


def reconcile(
    ours: Iterable[LedgerRow],
    theirs: Mapping[str, Iterable[LedgerRow]],
    *,
    acknowledged: Collection[bytes] = (),
    refused: Collection[bytes] = (),
) -> list[Discrepancy]:
    """Compare the books, payment by payment.

    Args:
        ours: the ledger's rows.
        theirs: each processor's rows, by its name.
        acknowledged: ids that a client was told are taken, since the last purge.
        refused: ids that a client was told are not, and that it never sent again.

    Returns:
        Every discrepancy; none is what one hopes for.
    """
    by_processor = {name: {row.payment_id: row for row in rows} for name, rows in theirs.items()}
    places = Counter(payment_id for rows in by_processor.values() for payment_id in rows)
    our_rows = list(ours)
    recorded = {(row.processor, row.payment_id) for row in our_rows}

    found = [Discrepancy("lost", each, "acknowledged, at no processor") for each in acknowledged if not places[each]]
    found += [Discrepancy("doubled", each, f"at {n} processors") for each, n in places.items() if n > 1]
    found += [Discrepancy("unwanted", each, "refused, but settled") for each in refused if places[each]]
    for name, rows in by_processor.items():
        found += [Discrepancy("unrecorded", each, f"at {name}") for each in rows if (name, each) not in recorded]
    for row in our_rows:
        its = by_processor.get(row.processor, {}).get(row.payment_id)
        if its is None:
            found.append(Discrepancy("imaginary", row.payment_id, f"not at {row.processor}"))
        elif its != row:
            found.append(Discrepancy("different", row.payment_id, f"ours {row[2:]}, {row.processor}'s {its[2:]}"))
    repeated = Counter(row.payment_id for row in our_rows)
    found += [Discrepancy("doubled", each, f"{n} times in our books") for each, n in repeated.items() if n > 1]
    return found
