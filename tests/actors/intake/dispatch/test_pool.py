"""The roster of payment actors."""

from __future__ import annotations

from typing import Any

import pytest

from actors.intake.dispatch.pool import Pool
from actors.messages.settling import Attempt
from actors.values import Payment, Step


class Worker:
    def tell(self, message: Any) -> None:
        raise AssertionError("the pool tells nobody anything")


def attempt(number: int = 1, processor: str = "default", epoch: int = 0) -> Attempt:
    return Attempt(Payment(bytes([number]) * 16, 1990), processor, 1000, epoch, Step.POST)


@pytest.fixture
def pool() -> Pool:
    return Pool(("default", "fallback"), limit=2)


@pytest.fixture
def workers(pool: Pool) -> list[Worker]:
    workers = [Worker() for _ in range(3)]
    for worker in workers:
        pool.add(worker)
    return workers


def test_workers_take_turns(pool: Pool, workers: list[Worker]) -> None:
    first = attempt(1)
    assert pool.begin(first, 0.0) is workers[0]
    pool.end(workers[0], first)
    assert [pool.begin(attempt(n), 0.0) for n in (2, 3, 4)] == [workers[1], workers[2], workers[0]]
    assert not pool.has_idle


def test_none_idle_is_an_error_that_changes_nothing(pool: Pool) -> None:
    assert not pool.has_idle
    with pytest.raises(IndexError):
        pool.begin(attempt(), 0.0)
    assert pool.busy("default") == 0


def test_a_worker_that_reports_again_after_a_restart_is_not_doubled(pool: Pool, workers: list[Worker]) -> None:
    pool.begin(attempt(1), 0.0)
    for worker in workers:
        pool.add(worker)
    assert [pool.begin(attempt(n), 0.0) for n in (2, 3)] == [workers[1], workers[2]]
    assert not pool.has_idle


def test_each_processor_has_its_own_limit(pool: Pool, workers: list[Worker]) -> None:
    pool.begin(attempt(1), 0.0)
    assert pool.has_room("default")
    pool.begin(attempt(2), 0.0)
    assert not pool.has_room("default")
    assert pool.has_room("fallback")
    assert (pool.busy("default"), pool.busy("fallback")) == (2, 0)


def test_an_attempt_that_ends_makes_room(pool: Pool, workers: list[Worker]) -> None:
    first, second = attempt(1), attempt(2)
    pool.begin(first, 0.0)
    pool.begin(second, 0.0)
    pool.end(workers[1], second)
    assert pool.has_room("default")
    assert pool.carries_out(workers[0], first)
    assert not pool.carries_out(workers[1], second)


def test_ending_twice_changes_nothing(pool: Pool, workers: list[Worker]) -> None:
    first = attempt(1)
    pool.begin(first, 0.0)
    pool.end(workers[0], first)
    pool.end(workers[0], first)
    taken = [pool.begin(attempt(2, "fallback"), 0.0), pool.begin(attempt(3), 0.0), pool.begin(attempt(4), 0.0)]
    assert taken == [workers[1], workers[2], workers[0]]
    assert not pool.has_idle


def test_the_end_of_an_earlier_attempt_does_not_end_the_present_one(pool: Pool) -> None:
    """Even of the same payment, at the same processor, in the same millisecond."""
    worker = Worker()
    pool.add(worker)
    first, second = attempt(1), attempt(1)
    assert first == second
    pool.begin(first, 0.0)
    pool.end(worker, first)
    pool.begin(second, 0.0)
    pool.end(worker, first)
    assert not pool.has_idle
    assert not pool.carries_out(worker, first)
    assert pool.carries_out(worker, second)


def test_the_end_of_a_stranger_changes_nothing(pool: Pool, workers: list[Worker]) -> None:
    pool.end(Worker(), attempt())
    assert [pool.begin(attempt(n), 0.0) for n in (1, 2)] == workers[:2]


def test_the_age_is_that_of_the_oldest_attempt_there(pool: Pool, workers: list[Worker]) -> None:
    assert pool.oldest_s("default", 100.0) == 0.0
    first = attempt(1)
    pool.begin(first, 10.0)
    pool.begin(attempt(2), 12.0)
    assert pool.oldest_s("default", 15.0) == 5.0
    assert pool.oldest_s("fallback", 15.0) == 0.0
    pool.end(workers[0], first)
    assert pool.oldest_s("default", 15.0) == 3.0
