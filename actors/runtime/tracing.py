"""Tracing of single payments across every hop: which are sampled, and where the trace lines go.

A payment is sampled by its id, so that every process decides alike, and the decision rides with the payment
(``Payment.traced_at_us``). A hop costs an unsampled payment one truth test::

    if payment.traced_at_us:
        tracer.record(payment.payment_id, "intake.dispatched", processor=processor)
"""

from __future__ import annotations

from collections.abc import Callable

Sink = Callable[[dict[str, object]], None]
"""Takes one trace event: ``payment`` (hexadecimal id), ``hop``, and the hop's own fields."""


class Tracer:
    """Samples payments and records their hops.

    Args:
        share: the share of payments to sample, 0 to 1.
        sink: called once per recorded hop.
    """

    def __init__(self, share: float = 0.0, sink: Sink = lambda event: None) -> None:
        self._threshold = int(share * 2**32)
        self._sink = sink

    def samples(self, payment_id: bytes) -> bool:
        """Whether this payment is to be traced, the same in every process.

        The last four bytes of the id decide: in every UUID version they are random or near enough.
        """
        return self._threshold > 0 and int.from_bytes(payment_id[-4:]) < self._threshold

    def record(self, payment_id: bytes, hop: str, **fields: object) -> None:
        """Record one hop of a sampled payment.

        Args:
            payment_id: the payment's 16 bytes.
            hop: ``place.what``, e.g. ``"intake.taken"``.
            fields: what is worth knowing there; JSON values.
        """
        self._sink({"payment": payment_id.hex(), "hop": hop, **fields})
