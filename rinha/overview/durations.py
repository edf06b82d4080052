"""How long payments took at this process, by what they are told apart by; filled by the recorder's review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.overview.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rinha.bridge.protocol.wire.overview import Counted

NS_PER_MS = 1_000_000


class Durations:
    """A histogram for each label: at the worker the processor that settled, at an API the status of the answer."""

    def __init__(self) -> None:
        self._histograms: dict[str, Histogram] = {}

    def add(self, labels: Mapping[bytes, str], took_ns: Mapping[bytes, int]) -> None:
        """Count payments that have ended.

        Args:
            labels: by the payment's id.
            took_ns: the same; those without a label don't count.
        """
        for payment_id, ns in took_ns.items():
            label = labels.get(payment_id)
            if label is None:
                continue
            histogram = self._histograms.get(label)
            if histogram is None:
                histogram = self._histograms[label] = Histogram()
            histogram.add(ns / NS_PER_MS)

    def counted(self) -> dict[str, Counted]:
        """All since the start, by label."""
        return {label: each.counted() for label, each in self._histograms.items()}
