"""Whatever ``load_settings`` takes can be used: no process reads an address or a URL a second time."""

from __future__ import annotations

import socket

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rinha.net.address import Address, TcpAddress, require_secret
from rinha.net.http_url import HttpUrl
from rinha.net.secret import FixedSecret
from rinha.settings.errors import SettingsError
from rinha.settings.load import load_settings
from rinha.settings.processors import ProcessorSettings
from rinha.store.open import open_store
from rinha.worker.worker import Worker

GOOD = ("worker", "127.0.0.1", "[::1]", "::1", "0.0.0.0", "localhost", "xn--bcher-kva.example", "a_b-c.d.")
BAD = ("", "h..x", "a*b", "[fe80::1%25eth0]", "fe80::1%eth0", "b\u00fccher", "127.1", "0x7f.1", "[a]", "a b")
HOSTS = st.one_of(
    st.sampled_from(GOOD),
    st.sampled_from(BAD),
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map("[{}]".format),
    st.text(alphabet="aZ0.-_:[]%*\u00e9", max_size=70),
)
PORTS = st.sampled_from(["", ":", ":0", ":1", ":7000", ":65535", ":65536", ":1_0", ":+1", ":x", ":\u0661"])
ENDS = st.sampled_from(["", "/", "/base", "/a b", "?x=1", "#f", "/%s", "/..", "//"])
PATHS = st.text(alphabet="a./%?#: \u00e9~", max_size=110)
URLS = st.builds(
    "{}{}{}{}".format, st.sampled_from(["http://", "HTTP://", "https://", "", "http:/"]), HOSTS, PORTS, ENDS
)
ADDRESSES = st.one_of(
    st.builds("tcp://{}{}{}".format, HOSTS, PORTS, ENDS),
    st.builds("unix:/nonexistent/{}".format, PATHS),
    st.builds("{}{}".format, st.sampled_from(["unix:", "unix://", "udp://"]), PATHS),
)
STORES = st.one_of(
    st.just(""),
    st.builds("{}{}".format, st.sampled_from(["sqlite:///", "sqlite:////nonexistent/", "sqlite://", "sqlite:"]), PATHS),
    st.builds(
        "{}u:p@{}{}/d{}".format,
        st.sampled_from(["postgresql://", "postgres://"]),
        HOSTS,
        PORTS,
        st.sampled_from(["", "?", "?sslmode=require", "?sslmode=x", "?host=/run&port=1", "?y=1"]),
    ),
)


def test_two_processors_are_no_law() -> None:
    for count in (1, 3):
        processors = tuple(ProcessorSettings(f"p{n}", HttpUrl("one", 80 + n), 100 * n) for n in range(count))
        Worker(msgspec.structs.replace(load_settings({}), processors=processors))


def can_be_looked_up(host: str, port: int) -> None:
    """The C library may know nobody of that name, but it takes the name."""
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror as error:
        assert error.errno == socket.EAI_NONAME


def can_be_reached(address: Address) -> None:
    if isinstance(address, TcpAddress):
        can_be_looked_up(address.host, address.port)
    else:
        with socket.socket(socket.AF_UNIX) as sock, pytest.raises(OSError, match=r"."):
            sock.connect(address.path)


SECRETS = st.sampled_from(["", "s3cret", "s3cret, long enough", "\u00e9" * 8])


@given(url=URLS, bridge=ADDRESSES, store=STORES, secret=SECRETS)
def test_a_worker_can_be_made_of_it(url: str, bridge: str, store: str, secret: str) -> None:
    for part in (
        {"PROCESSOR_DEFAULT_URL": url, "PROCESSOR_FALLBACK_URL": "http://other"},
        {"RINHA_BRIDGE": bridge, "RINHA_BRIDGE_SECRET": secret},
        {"RINHA_STORE": store},
    ):
        try:
            settings = load_settings({**part, "RINHA_POOL_SIZE": "2"})
        except SettingsError as error:
            assert error.errors
            assert all(str(each).isprintable() for each in error.errors)
            continue
        assert isinstance(settings.bridge_secret, FixedSecret)
        require_secret(settings.bridge, settings.bridge_secret.read())
        can_be_reached(settings.bridge)
        for processor in settings.processors:
            can_be_looked_up(processor.url.host, processor.url.port)
            assert f"{processor.url.authority}{processor.url.path}".isascii()
        if settings.store is not None:
            open_store(settings.store).close()
        Worker(settings)


@given(HOSTS | ADDRESSES, st.sampled_from(["0", "65535"]))
def test_an_api_can_try_to_listen_there(host: str, port: str) -> None:
    try:
        address = load_settings({"RINHA_HOST": host, "RINHA_PORT": port}).listen_address
    except SettingsError:
        return
    can_be_reached(address)
