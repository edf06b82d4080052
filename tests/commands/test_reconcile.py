"""Each way in which books can disagree is found, and agreement finds nothing."""

from __future__ import annotations

import pytest

from actors.values import LedgerRow
from rinha.commands.reconcile import reconcile

A, B = b"a" * 16, b"b" * 16


def row(payment_id: bytes = A, processor: str = "default", cents: int = 1990, at_ms: int = 1000) -> LedgerRow:
    return LedgerRow(payment_id, processor, cents, at_ms)


@pytest.mark.parametrize(
    ("ours", "default", "fallback", "acknowledged", "refused", "kinds"),
    [
        ([], [], [], [], [], []),
        ([row()], [row()], [], [A], [B], []),
        ([], [], [], [A], [], ["lost"]),
        ([row()], [row()], [row(processor="fallback")], [A], [], ["doubled", "unrecorded"]),
        ([], [row()], [], [], [], ["unrecorded"]),
        ([row()], [], [], [], [], ["imaginary"]),
        ([row()], [row(cents=1991)], [], [A], [], ["different"]),
        ([row()], [row(at_ms=1001)], [], [A], [], ["different"]),
        ([row(), row()], [row()], [], [A], [], ["doubled"]),
        ([row()], [row()], [], [], [A], ["unwanted"]),
        ([row(processor="fallback")], [row()], [], [A], [], ["unrecorded", "imaginary"]),
    ],
)
def test_finds_what_disagrees(
    ours: list[LedgerRow],
    default: list[LedgerRow],
    fallback: list[LedgerRow],
    acknowledged: list[bytes],
    refused: list[bytes],
    kinds: list[str],
) -> None:
    theirs = {"default": default, "fallback": fallback}
    found = reconcile(ours, theirs, acknowledged=acknowledged, refused=refused)
    assert [each.kind for each in found] == kinds
