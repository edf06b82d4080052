"""Figures in Prometheus's text format. Whoever imports this imports prometheus-client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest

from rinha.metrics.collector import SystemCollector

if TYPE_CHECKING:
    from rinha.bridge.protocol.wire.metrics import Metrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/"""


def render(metrics: Metrics, *, up: bool) -> bytes:
    """The text; for the arguments see ``SystemCollector``."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SystemCollector(metrics, up=up))
    return generate_latest(registry)
