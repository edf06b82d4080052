"""What RINHA_NATS asks of other settings."""

from __future__ import annotations

from rinha.settings.load import load_settings
from tests.settings.mistakes import errors_of

STORE = "postgresql://rinha@127.0.0.1/rinha"
NATS = "nats://127.0.0.1:4222"


def test_with_nats_a_202_is_durable_unless_somebody_said_so() -> None:
    for accept in ({}, {"RINHA_ACCEPT": "durable"}):
        settings = load_settings({"RINHA_NATS": NATS, "RINHA_SHARDS": "3", "RINHA_STORE": STORE, **accept})
        assert (settings.accept, settings.shards, settings.nats_replicas) == ("durable", 3, 1)
        assert settings.nats is not None
        assert settings.nats.servers == (NATS,)


def test_without_nats_nothing_of_it_is() -> None:
    settings = load_settings({})
    assert (settings.accept, settings.nats, settings.shards) == ("received", None, 1)


def test_without_a_database_it_is_refused() -> None:
    (error,) = errors_of(RINHA_NATS=NATS)
    assert "RINHA_STORE=postgresql://" in error
    (error,) = errors_of(RINHA_NATS=NATS, RINHA_STORE="sqlite:////tmp/journal.db")
    assert "must be postgresql://" in error


def test_another_level_is_refused() -> None:
    for accept in ("queued", "received"):
        (error,) = errors_of(RINHA_NATS=NATS, RINHA_STORE=STORE, RINHA_ACCEPT=accept)
        assert error.startswith(f"RINHA_ACCEPT={accept}: ")
        assert "leave it out" in error


def test_shards_without_nats_are_refused() -> None:
    (error,) = errors_of(RINHA_SHARDS="2")
    assert "RINHA_NATS=nats://" in error


def test_more_requests_than_processors_bear_are_refused() -> None:
    (error,) = errors_of(RINHA_NATS=NATS, RINHA_STORE=STORE, RINHA_SHARDS="8", RINHA_POOL_SIZE="101")
    assert error.startswith("RINHA_POOL_SIZE=101: ")
    assert "100 at most" in error


def test_nothing_more_is_said_of_a_value_that_is_wrong_already() -> None:
    (error,) = errors_of(RINHA_NATS="http://127.0.0.1", RINHA_SHARDS="2", RINHA_STORE=STORE)
    assert error.startswith("RINHA_NATS=")


def test_its_password_is_never_shown() -> None:
    settings = load_settings({"RINHA_NATS": "nats://user:hidden@one", "RINHA_STORE": STORE})
    assert "hidden" not in repr(settings)
    assert "hidden" not in " ".join(errors_of(RINHA_NATS="nats://user:hidden@one:x", RINHA_STORE=STORE))
