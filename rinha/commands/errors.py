"""What a command can't do, for the person who typed it."""

from __future__ import annotations

from rinha.process import ExitCode


class CommandError(Exception):
    """A command can't do what it is told.

    Args:
        text: one sentence that says what is wrong and what to do.
        exit_code: ``REFUSED`` where another try is in vain, ``UNAVAILABLE`` where it may do, else ``FAILED``.
    """

    def __init__(self, text: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(text)
        self.exit_code = exit_code
