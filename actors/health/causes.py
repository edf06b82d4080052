"""What made a circuit what it is."""

from __future__ import annotations

UNTRIED = "untried"
"""Nothing yet: it is closed since the start."""
FAILURES = "failures"
"""Payments that failed in a row."""
REPORTED = "reported"
"""The health endpoint says that it is failing."""
SETTLES = "settles"
"""It settled a payment."""
SAYS_WELL = "says-well"
"""The health endpoint says that it is well, and no payment could tell."""
