"""Where NATS is."""

from __future__ import annotations

import pytest

from rinha.net.nats_url import parse_nats_url


@pytest.mark.parametrize(
    ("text", "servers", "places"),
    [
        ("nats://127.0.0.1", ("nats://127.0.0.1:4222",), "127.0.0.1:4222"),
        ("NATS://Host:1/", ("nats://host:1",), "host:1"),
        ("tls://[::1]:4223", ("tls://[::1]:4223",), "[::1]:4223"),
        ("nats://token@a,b:2", ("nats://token@a:4222", "nats://token@b:2"), "a:4222,b:2"),
        ("nats://user:pa%40ss@a", ("nats://user:pa%40ss@a:4222",), "a:4222"),
    ],
)
def test_what_it_reads(text: str, servers: tuple[str, ...], places: str) -> None:
    url = parse_nats_url(text)
    assert (url.servers, str(url)) == (servers, places)


@pytest.mark.parametrize(
    "text",
    ["", "127.0.0.1", "http://a", "nats://", "nats://a:0", "nats://a:x", "nats://a,,b", "nats://us er@a", "nats://@a"],
)
def test_what_it_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a URL like nats://127\.0\.0\.1:4222: "):
        parse_nats_url(text)


def test_a_password_is_neither_shown_nor_said() -> None:
    assert "secret" not in repr(parse_nats_url("nats://user:secret@a"))
    with pytest.raises(ValueError, match="user and password") as caught:
        parse_nats_url("nats://user:sec ret@a")
    assert "sec ret" not in str(caught.value)
