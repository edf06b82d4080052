"""Settings for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A shared, slow machine must not fail a test: no deadline per example, and no more examples than a quick run bears.
settings.register_profile(
    "quick", max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("quick"), max_examples=2000)
settings.load_profile("quick")
