"""``docs/stories.md``: written from the sessions of a run, and read back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.terminal import Step
    from tests.system.stories.plays import Story

HEAD = """# Eight stories

What somebody asks, and what a person types to answer it. Made by `make stories`, which breaks a system that it runs:
the figures are of that run.
"""
_SECTION = re.compile(r"^## \d+\. (.+?)\n.*?^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ (.+)$", re.MULTILINE)
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{8}\b")


def section(number: int, story: Story, steps: Sequence[Step]) -> str:
    """A story as the document has it."""
    session = "\n".join(f"$ {step.command}\n{step.output}" for step in steps)
    return f"\n## {number}. {story.asks}\n\n{story.happened}\n\n```console\n{session}```\n"


def sessions(document: str) -> dict[str, list[tuple[str, str]]]:
    """The sessions in a document: by what is asked, the commands with what each printed."""
    return {asks: list(_commands(text)) for asks, text in _SECTION.findall(document)}


def shape(command: str) -> str:
    """A command without the id in it, which is another one each time."""
    return _ID.sub("ID", command)


def _commands(session: str) -> zip[tuple[str, str]]:
    _, *parts = _COMMAND.split(session)
    return zip(parts[::2], parts[1::2], strict=True)
