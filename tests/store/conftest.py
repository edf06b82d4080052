"""The places that stores are opened on, each empty at a test's beginning."""

from __future__ import annotations

import importlib.util
import time
from typing import TYPE_CHECKING

import pytest

from actors.ports import StoreUnavailable
from rinha.store.open import open_store
from rinha.store.threadpool import ThreadpoolStore
from rinha.store.url import parse_store_url
from tests.store.postgres_server import PostgresServer, find_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from actors.ports import Store


class Place:
    """Where journals are kept. ``clear`` makes it as new, ``open`` gives a store that has nothing open yet."""

    def __init__(self, *, threadpool: bool = False) -> None:
        self._threadpool = threadpool
        self._opened: list[Store] = []

    @property
    def url(self) -> str:
        raise NotImplementedError

    def clear(self) -> None:
        self.close()

    def open(self) -> Store:
        store = open_store(parse_store_url(self.url))
        if self._threadpool:
            store = ThreadpoolStore(store)
        self._opened.append(store)
        return store

    def open_when_free(self) -> Store:
        """Open it as soon as the session of a process that was killed is gone."""
        deadline_s = time.monotonic() + 20
        while True:
            store = self.open()
            try:
                store.epoch()
            except StoreUnavailable:
                assert time.monotonic() < deadline_s
                time.sleep(0.02)
            else:
                return store

    def close(self) -> None:
        while self._opened:
            self._opened.pop().close()


class SqlitePlace(Place):
    def __init__(self, directory: Path, *, threadpool: bool = False) -> None:
        super().__init__(threadpool=threadpool)
        self._directory = directory
        self._number = 0

    @property
    def path(self) -> Path:
        return self._directory / f"journal-{self._number}.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def clear(self) -> None:
        super().clear()
        self._number += 1


class PostgresPlace(Place):
    def __init__(self, server: PostgresServer, *, threadpool: bool = False) -> None:
        super().__init__(threadpool=threadpool)
        self._server = server

    @property
    def url(self) -> str:
        return self._server.url

    def clear(self) -> None:
        super().clear()
        self._server.execute("SET client_min_messages = warning", "DROP SCHEMA IF EXISTS rinha CASCADE")


@pytest.fixture(scope="session")
def postgres_programs() -> None:
    if find_program("initdb") is None or importlib.util.find_spec("psycopg") is None:
        pytest.skip(
            "NOT TESTED: the store in PostgreSQL, for want of its server (apt-get install postgresql) or psycopg"
        )


@pytest.fixture(scope="session")
def running_postgres(postgres_programs: None) -> Iterator[PostgresServer]:
    """Shared by all tests of a session."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def own_postgres(postgres_programs: None) -> Iterator[PostgresServer]:
    """For a test that stops it."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Iterator[SqlitePlace]:
    place = SqlitePlace(tmp_path)
    yield place
    place.close()


@pytest.fixture
def postgres_place(running_postgres: PostgresServer) -> Iterator[PostgresPlace]:
    place = PostgresPlace(running_postgres)
    place.clear()
    yield place
    place.close()


@pytest.fixture(params=["sqlite", "sqlite in a thread", "postgres", "postgres in a thread"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Every kind of store."""
    kind: str = request.param
    threadpool = kind.endswith("thread")
    place: Place = (
        SqlitePlace(tmp_path, threadpool=threadpool)
        if kind.startswith("sqlite")
        else PostgresPlace(request.getfixturevalue("running_postgres"), threadpool=threadpool)
    )
    place.clear()
    yield place
    place.close()
