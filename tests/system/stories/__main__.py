"""Plays all stories, and writes ``docs/stories.md``."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.support.processes import free_port
from tests.system.stories.document import HEAD, section
from tests.system.stories.plays import STORIES
from tests.system.stories.session import running_session

DOCUMENT = Path(__file__).parents[3] / "docs" / "stories.md"


async def _write() -> None:
    text = HEAD
    for number, story in enumerate(STORIES, 1):
        with tempfile.TemporaryDirectory() as directory:
            async with running_session(Path(directory), free_port(), story.settings) as session:
                await story.play(session)
                text += section(number, story, session.steps)
    DOCUMENT.write_text(text, encoding="utf-8")


asyncio.run(_write())
