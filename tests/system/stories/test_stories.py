"""Each story is solved from the terminal, and told in ``docs/stories.md`` as it is now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.processes import free_port
from tests.support.terminal import Step
from tests.system.stories.document import sessions, shape
from tests.system.stories.plays import STORIES, Story
from tests.system.stories.session import running_session

DOCUMENT = Path(__file__).parents[3] / "docs" / "stories.md"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.play.__name__)
async def test_a_story_is_solved_from_the_terminal(story: Story, tmp_path: Path) -> None:
    async with running_session(tmp_path, free_port(), story.settings) as session:
        await story.play(session)
    told = sessions(DOCUMENT.read_text(encoding="utf-8"))[story.asks]
    assert [shape(command) for command, _ in told] == [shape(step.command) for step in session.steps]
    for (command, output), step in zip(told, session.steps, strict=True):
        words = tuple(each for each in step.words if shape(each) == each)
        assert Step(command, words, output).missing() == [], (
            f"docs/stories.md, {command}: `make stories` writes it anew"
        )


def test_the_document_tells_these_stories_and_no_others() -> None:
    assert list(sessions(DOCUMENT.read_text(encoding="utf-8"))) == [story.asks for story in STORIES]
