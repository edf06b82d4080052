"""What workers tell each other of the processors' health."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from actors.ports import StoreUnavailable
from actors.values import HealthReport
from rinha.store.postgres.health_board import HealthBoard
from rinha.store.postgres.url import PostgresUrl
from rinha.store.url import parse_store_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.store.postgres_server import PostgresServer

DROP = "DROP SCHEMA IF EXISTS rinha_shared CASCADE"
LATER = "UPDATE rinha_shared.health SET called_at = called_at - make_interval(secs => {})"


def board_at(server: PostgresServer) -> HealthBoard:
    url = parse_store_url(server.url)
    assert isinstance(url, PostgresUrl)
    return HealthBoard(url)


@pytest.fixture
def boards(running_postgres: PostgresServer) -> Iterator[list[HealthBoard]]:
    running_postgres.execute("SET client_min_messages = warning", DROP)
    boards = [board_at(running_postgres) for _ in range(4)]
    yield boards
    for each in boards:
        each.close()
    running_postgres.execute("SET client_min_messages = warning", DROP)


def test_one_of_all_calls_and_all_are_told(boards: list[HealthBoard]) -> None:
    with ThreadPoolExecutor(4) as threads:
        won = list(threads.map(lambda board: board.win("default"), boards))
    assert sorted(won) == [False, False, False, True]
    assert boards[0].read("default") is None
    boards[won.index(True)].tell("default", HealthReport(failing=False, min_response_ms=7))
    assert {board.read("default") for board in boards} == {HealthReport(failing=False, min_response_ms=7)}


def test_each_processor_is_called_for_itself(boards: list[HealthBoard]) -> None:
    assert boards[0].win("default")
    assert boards[1].win("fallback")


def test_it_is_called_again_after_5_s_by_whoever_comes_first(
    boards: list[HealthBoard], running_postgres: PostgresServer
) -> None:
    boards[0].win("default")
    running_postgres.execute(LATER.format(4.9))
    assert not boards[1].win("default")
    running_postgres.execute(LATER.format(0.2))
    assert boards[1].win("default")
    assert not boards[0].win("default")


def test_what_was_heard_before_counts_until_the_next_word_but_not_for_ever(
    boards: list[HealthBoard], running_postgres: PostgresServer
) -> None:
    boards[0].win("default")
    boards[0].tell("default", HealthReport(failing=True, min_response_ms=0))
    running_postgres.execute(LATER.format(6))
    assert boards[1].win("default")
    assert boards[0].read("default") == HealthReport(failing=True, min_response_ms=0)
    running_postgres.execute(LATER.format(12))
    assert boards[0].read("default") is None


def test_no_usable_answer_is_none_for_all(boards: list[HealthBoard]) -> None:
    boards[0].win("default")
    boards[0].tell("default", HealthReport(failing=True, min_response_ms=0))
    boards[0].tell("default", None)
    assert boards[1].read("default") is None


def test_a_lost_connection_is_told_and_the_next_call_connects(
    boards: list[HealthBoard], running_postgres: PostgresServer
) -> None:
    boards[0].win("default")
    running_postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rinha'")
    with pytest.raises(StoreUnavailable):
        boards[0].read("default")
    boards[0].tell("default", HealthReport(failing=False, min_response_ms=1))
    assert boards[0].read("default") == HealthReport(failing=False, min_response_ms=1)
