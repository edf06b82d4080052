"""How long tests wait for what must happen."""

PATIENCE_S = 60.0
"""A busy machine takes its time. Nothing waits that long if all goes well, and nothing is measured by it."""
