"""``python -m rinha`` is the ``rinha`` command."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command; Ctrl-C while it is still being loaded ends it like later on.

    Returns:
        What ``rinha.commands.main`` returns.
    """
    try:
        from rinha.commands.main import main as run

        return run()
    except KeyboardInterrupt:
        from rinha.process import ExitCode

        return ExitCode.INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
