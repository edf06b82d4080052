"""``python -m rinha`` is the ``rinha`` command."""

from __future__ import annotations

import sys

from rinha.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
