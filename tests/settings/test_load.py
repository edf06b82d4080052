from __future__ import annotations

import pytest

from rinha.net.address import TcpAddress, UnixAddress
from rinha.net.http_url import HttpUrl
from rinha.net.secret import FixedSecret
from rinha.settings.load import load_settings
from rinha.settings.processors import ProcessorSettings
from rinha.settings.rows import VARIABLES
from rinha.settings.table import Settings
from rinha.store.sqlite.url import SqliteUrl
from tests.settings.mistakes import errors_of

PROCESSORS = {"PROCESSOR_DEFAULT_URL": "http://one:8080", "PROCESSOR_FALLBACK_URL": "http://two:8080"}


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port) == ("0.0.0.0", 9999)
    assert settings.processors == (
        ProcessorSettings("default", HttpUrl("127.0.0.1", 8001), 500),
        ProcessorSettings("fallback", HttpUrl("127.0.0.1", 8002), 1500),
    )
    assert settings.simulate
    assert settings.bridge == TcpAddress("127.0.0.1", 7000)
    assert settings.bridge_secret == FixedSecret(b"")
    assert (settings.accept, settings.routing) == ("received", "fastest")
    assert (settings.patience_s, settings.latency_tolerance_ms, settings.benchmark_share) == (5.0, 10.0, 0.05)
    assert (settings.pool_size, settings.attempt_deadline_s, settings.backlog_max) == (64, 10.0, 100_000)
    assert (settings.answer_timeout_s, settings.drain_s) == (10.0, 10.0)
    assert (settings.log_level, settings.trace_share) == ("info", 0.0)
    assert settings.api_name
    assert settings.api_count == 2


def test_what_the_environment_sets_is_used() -> None:
    settings = load_settings(
        {
            **PROCESSORS,
            "RINHA_FALLBACK_FEE_BPS": "700",
            "RINHA_PORT": "0",
            "RINHA_BRIDGE": "unix:/run/rinha/bridge",
            "RINHA_ACCEPT": "queued",
            "RINHA_ROUTING": "cheapest",
            "RINHA_PATIENCE_S": "0",
            "RINHA_API_NAME": "payment-api-1",
        }
    )
    assert [processor.url for processor in settings.processors] == [HttpUrl("one", 8080), HttpUrl("two", 8080)]
    assert [processor.fee_bps for processor in settings.processors] == [500, 700]
    assert not settings.simulate
    assert (settings.port, settings.bridge) == (0, UnixAddress("/run/rinha/bridge"))
    assert settings.api_name == "payment-api-1"
    assert (settings.accept, settings.routing, settings.patience_s) == ("queued", "cheapest", 0.0)


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "tcp://0.0.0.0:9999"), ("::1", "tcp://[::1]:9999"), ("unix:/run/apis/1", "unix:/run/apis/1")],
)
def test_an_api_listens_on_host_and_port_or_on_a_unix_socket(host: str, address: str) -> None:
    assert str(load_settings({"RINHA_HOST": host}).listen_address) == address


def test_every_variable_has_a_use_and_every_field_a_variable() -> None:
    names = {variable.name.removeprefix("RINHA_").lower() for variable in VARIABLES}
    assert set(Settings.__struct_fields__) - names == {"processors", "simulate"}


def test_a_variable_that_is_set_to_nothing_counts_as_not_set() -> None:
    assert load_settings({variable.name: "" for variable in VARIABLES}) == load_settings({})


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        load_settings({}).port = 1  # type: ignore[misc]  # what is asserted


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("RINHA_HOST", "no host", "letters, digits"),
        ("RINHA_HOST", "0.0.0.0:80", "without a port"),
        ("RINHA_HOST", "[::1]", "without a port"),
        ("RINHA_BRIDGE", "tcp://127.0.0.1:0", "port from 1"),
        ("RINHA_HOST", "unix:run/api", "unix:/absolute/path"),
        ("RINHA_PORT", "70000", "whole number from 0 to 65535"),
        ("RINHA_PORT", "9999.0", "whole number"),
        ("RINHA_PORT", "٩", "whole number"),
        ("RINHA_DEFAULT_FEE_BPS", "10001", "from 0 to 10000"),
        ("RINHA_BRIDGE", "udp://127.0.0.1:7000", "tcp://host:port or unix:/absolute/path"),
        ("RINHA_ACCEPT", "maybe", "one of: queued, received, durable"),
        ("RINHA_ROUTING", "random", "one of: fastest, cheapest"),
        ("RINHA_PATIENCE_S", "-1", "number from 0"),
        ("RINHA_PATIENCE_S", "nan", "number from 0"),
        ("RINHA_PATIENCE_S", "inf", "number from 0"),
        ("RINHA_LATENCY_TOLERANCE_MS", "ten", "number from 0"),
        ("RINHA_BENCHMARK_SHARE", "0.51", "from 0 to 0.5"),
        ("RINHA_POOL_SIZE", "1", "from 2 to 800"),
        ("RINHA_POOL_SIZE", "801", "from 2 to 800"),
        ("RINHA_SETTLE_PER_S", "0", "number from 1"),
        ("RINHA_ATTEMPT_DEADLINE_S", "0", "number from 0.1"),
        ("RINHA_BACKLOG_MAX", "0", "whole number from 1"),
        ("RINHA_ANSWER_TIMEOUT_S", "0", "number from 0.1"),
        ("RINHA_DRAIN_S", "-0.5", "number from 0"),
        ("RINHA_LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("RINHA_TRACE_SHARE", "2", "from 0 to 1"),
        ("RINHA_API_NAME", "payment api", "letters, digits"),
        ("RINHA_API_COUNT", "0", "from 1 to 64"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_the_fix(name: str, value: str, fix: str) -> None:
    (error,) = errors_of(**{name: value})
    assert error.startswith(f"{name}={value}: ")
    assert fix in error


def test_a_store_of_an_unknown_kind_is_refused_and_its_password_not_shown() -> None:
    (error,) = errors_of(RINHA_STORE="mysql://me:s3cret@host/db")
    assert error.startswith("RINHA_STORE=********: must be sqlite:///relative/path, sqlite:////absolute/path or")
    assert "s3cret" not in error


def test_durable_acceptance_needs_a_store() -> None:
    (error,) = errors_of(RINHA_ACCEPT="durable")
    assert "RINHA_STORE: must be set for RINHA_ACCEPT=durable" in error
    settings = load_settings({"RINHA_ACCEPT": "durable", "RINHA_STORE": "sqlite:////tmp/journal.db"})
    assert settings.store == SqliteUrl("/tmp/journal.db")


@pytest.mark.parametrize(
    "url",
    [
        "https://one:8080",
        "one:8080",
        "http://",
        "http://one:port",
        "http://one:0",
        "http://o ne",
        "http://one?x=1",
        "x",
    ],
)
def test_a_processor_url_that_is_none_is_refused(url: str) -> None:
    (error,) = errors_of(**{**PROCESSORS, "PROCESSOR_DEFAULT_URL": url})
    assert error.startswith(f"PROCESSOR_DEFAULT_URL={url}: must be a URL like http://127.0.0.1:8001")


def test_an_error_stays_one_line_whatever_the_value() -> None:
    (error,) = errors_of(RINHA_API_NAME="payment\r\napi\u2028")
    assert error.startswith(r"RINHA_API_NAME='payment\r\napi\u2028': must be")


def test_a_slash_at_the_end_of_a_processor_url_is_dropped() -> None:
    settings = load_settings({**PROCESSORS, "PROCESSOR_DEFAULT_URL": "http://one:8080/base/"})
    assert settings.processors[0].url == HttpUrl("one", 8080, "/base")


@pytest.mark.parametrize("given", list(PROCESSORS))
def test_one_processor_url_without_the_other_is_refused(given: str) -> None:
    (error,) = errors_of(**{given: "http://one:8080"})
    (missing,) = set(PROCESSORS) - {given}
    assert error.startswith(f"{missing}: must be set too, because {given} is")


def test_two_processors_at_one_url_are_refused() -> None:
    (error,) = errors_of(PROCESSOR_DEFAULT_URL="http://one:80/", PROCESSOR_FALLBACK_URL="http://one:80")
    assert error.startswith("PROCESSOR_FALLBACK_URL=http://one: is the same as PROCESSOR_DEFAULT_URL")


def test_all_errors_are_reported_at_once() -> None:
    errors = errors_of(RINHA_PORT="x", RINHA_POOL_SIZE="1", RINHA_PROT="1", PROCESSOR_DEFAULT_URL="http://one")
    assert [error.partition(":")[0] for error in errors] == [
        "RINHA_PROT",
        "RINHA_PORT=x",
        "RINHA_POOL_SIZE=1",
        "PROCESSOR_FALLBACK_URL",
    ]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("RINHA_ROUTNG", "RINHA_ROUTING"),
        ("RINHA_PROCESSOR_DEFAULT_URL", "PROCESSOR_DEFAULT_URL"),
        ("RINHA_DRAIN", "RINHA_DRAIN_S"),
    ],
)
def test_an_unknown_variable_is_an_error_that_suggests_the_nearest_name(name: str, nearest: str) -> None:
    (error,) = errors_of(**{name: "x"})
    assert error == f"{name}: no such setting; did you mean {nearest}?"


def test_an_unknown_variable_like_no_other_is_an_error_too() -> None:
    (error,) = errors_of(RINHA_XYZ="1")
    assert error.startswith("RINHA_XYZ: no such setting; remove it")


def test_variables_of_other_programs_are_no_business_of_ours() -> None:
    assert load_settings({"PATH": "/bin", "PROCESSOR_ARCHITECTURE": "x86"}) == load_settings({})
