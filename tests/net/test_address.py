from __future__ import annotations

import pytest

from rinha.net.address import TcpAddress, UnixAddress, parse_address, parse_host_or_path, require_secret


@pytest.mark.parametrize(
    ("text", "address", "is_local"),
    [
        ("tcp://127.0.0.1:7000", TcpAddress("127.0.0.1", 7000), True),
        ("tcp://127.8.8.8:7000", TcpAddress("127.8.8.8", 7000), True),
        ("tcp://localhost:7000", TcpAddress("localhost", 7000), True),
        ("tcp://[::1]:7000", TcpAddress("::1", 7000), True),
        ("tcp://0.0.0.0:7000", TcpAddress("0.0.0.0", 7000), False),
        ("tcp://[::]:7000", TcpAddress("::", 7000), False),
        ("tcp://10.0.0.7:0", TcpAddress("10.0.0.7", 0), False),
        ("tcp://payment-worker:7000", TcpAddress("payment-worker", 7000), False),
        ("unix:/run/rinha/bridge.sock", UnixAddress("/run/rinha/bridge.sock"), True),
    ],
)
def test_an_address_is_read_and_written_back(text: str, address: TcpAddress | UnixAddress, is_local: bool) -> None:
    assert parse_address(text) == address
    assert str(address) == text
    assert address.is_local is is_local


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "neither tcp:// nor unix:"),
        ("127.0.0.1:7000", "neither tcp:// nor unix:"),
        ("http://127.0.0.1:7000", "neither tcp:// nor unix:"),
        ("tcp://127.0.0.1", "port is missing"),
        ("tcp://127.0.0.1:", "port is missing"),
        ("tcp://:7000", "host is missing"),
        ("tcp://127.0.0.1:65536", "whole number up to 65535"),
        ("tcp://127.0.0.1:seven", "whole number up to 65535"),
        ("tcp://[::1:7000", "stands in brackets"),
        ("tcp://127.0.0.1:7000/x", "more than a host and a port"),
        ("tcp://127.0.0.1:7000?x=1", "more than a host and a port"),
        ("tcp://me@127.0.0.1:7000", "more than a host and a port"),
        ("unix:bridge.sock", "path isn't absolute"),
        ("unix://bridge.sock", "path isn't absolute"),
        ("unix:", "path isn't absolute"),
        ("unix:/" + "x" * 107, "at most 107 bytes"),
        ("unix:/a\0b", "printable UTF-8"),
        ("unix:/\udcff", "printable UTF-8"),
        ("unix:/run/", "names a directory"),
        ("tcp://a..b:7000", "single dots"),
        ("tcp://[fe80::1%eth0]:7000", "zone"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason_and_the_fix(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        parse_address(text)
    assert str(caught.value).startswith("must be tcp://host:port or unix:/absolute/path: ")


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_long_tmpdir_is_named_as_the_cause(monkeypatch: pytest.MonkeyPatch, slash: str) -> None:
    directory = f"/tmp/{'x' * 95}"
    monkeypatch.setenv("TMPDIR", directory + slash)
    reason = r"at most 107 bytes, and this one 113, of which TMPDIR has 100: set a shorter one$"
    with pytest.raises(ValueError, match=reason):
        parse_address(f"unix:{directory}/rinha/bridge")
    with pytest.raises(ValueError, match=r"at most 107 bytes, and this one 120$"):
        parse_address(f"unix:/{'x' * 119}")


@pytest.mark.parametrize("text", ["tcp://127.0.0.1:7000", "unix:/bridge.sock"])
def test_a_local_bridge_may_go_without_a_secret(text: str) -> None:
    require_secret(parse_address(text), b"")


def test_a_bridge_that_others_can_reach_needs_a_secret() -> None:
    address = parse_address("tcp://0.0.0.0:7000")
    require_secret(address, b"x")
    with pytest.raises(ValueError, match=r"tcp://0\.0\.0\.0:7000 needs a secret"):
        require_secret(address, b"")


@pytest.mark.parametrize(
    ("text", "host"), [("0.0.0.0", "0.0.0.0"), ("API", "api"), ("::1", "::1"), ("unix:/run/1", UnixAddress("/run/1"))]
)
def test_where_to_listen_is_a_host_or_a_path(text: str, host: str | UnixAddress) -> None:
    assert parse_host_or_path(text) == host


@pytest.mark.parametrize("text", ["", "0.0.0.0:80", "[::1]", "tcp://a", "unix:run"])
def test_nothing_else_is_where_to_listen(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be .*unix:/absolute/path: "):
        parse_host_or_path(text)
