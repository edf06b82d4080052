"""A person at a terminal, who types a command until it says what was expected."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Mapping

PAUSE_S = 0.1


class Step(NamedTuple):
    """A command that was typed, what it must say, and what it said."""

    command: str
    words: tuple[str, ...]
    output: str = ""

    def missing(self) -> list[str]:
        """The words that the output lacks, wherever its lines are broken."""
        text = " ".join(self.output.split())
        return [words for words in self.words if words not in text]


async def type_until_said(command: str, *words: str, environ: Mapping[str, str]) -> Step:
    """Type a command, again and again until it says something.

    Args:
        command: from ``rinha`` on.
        words: what its output must have.
        environ: the terminal's environment.

    Returns:
        The last time.
    """
    step = Step(command, words)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                step = step._replace(output=await _run(command, environ))
                if not step.missing():
                    return step
                await asyncio.sleep(PAUSE_S)
    except TimeoutError:
        raise AssertionError(f"{command!r} doesn't say {step.missing()}:\n{step.output}") from None


async def _run(command: str, environ: Mapping[str, str]) -> str:
    name, *arguments = shlex.split(command)
    assert name == "rinha"
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "rinha", *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return f"{done.stdout}{done.stderr}"
