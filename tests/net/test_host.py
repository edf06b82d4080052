from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rinha.net.host import bracketed, parse_authority, parse_host, parse_port


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("localhost", "localhost"),
        ("Payment-Processor_1.local", "payment-processor_1.local"),
        ("a.", "a."),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("4a", "4a"),
        ("127.0.0.1", "127.0.0.1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("FE80::1", "fe80::1"),
        ("a" * 63, "a" * 63),
    ],
)
def test_a_host_is_a_name_or_an_address_in_its_canonical_form(text: str, host: str) -> None:
    assert parse_host(text) == host
    assert parse_host(host) == host


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "missing"),
        (".", "single dots"),
        ("a..b", "single dots"),
        (".a", "single dots"),
        ("a*b", "letters"),
        ("a b", "letters"),
        ("-a", "letters"),
        ("a\n", "letters"),
        ("a" * 64, "letters"),
        (".".join(["a" * 63] * 4), "letters"),
        ("bücher.example", "xn--"),
        ("\uff45xample", "xn--"),
        ("127.0.0.\u0669", "xn--"),
        ("127.1", "four numbers"),
        ("010.0.0.1", "four numbers"),
        ("256.0.0.1", "four numbers"),
        ("1.2.3.4.5", "four numbers"),
        ("0x7f.0.0.1", "four numbers"),
        ("2130706433", "four numbers"),
        ("127.0.0.0x1", "four numbers"),
        ("127.0.0.1.", "four numbers"),
        ("::1::", "no IPv6"),
        ("a:b", "no IPv6"),
        ("[::1]", "before a port alone"),
        ("fe80::1%eth0", "zone"),
        ("fe80::1%25eth0", "zone"),
        ("a%41", "zone or %-escapes"),
    ],
)
def test_what_is_neither_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_host(text)


@pytest.mark.parametrize(
    ("text", "authority"),
    [("a", ("a", None)), ("a:0", ("a", 0)), ("[::1]", ("::1", None)), ("[::1]:65535", ("::1", 65535))],
)
def test_a_port_may_follow(text: str, authority: tuple[str, int | None]) -> None:
    assert parse_authority(text) == authority


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a:", "port is missing"),
        (":1", "host is missing"),
        ("a:65536", "up to 65535"),
        ("a:-1", "up to 65535"),
        ("a:1_0", "up to 65535"),
        ("a:+1", "up to 65535"),
        ("a: 1", "up to 65535"),
        ("a:\u0661", "up to 65535"),
        ("a:1:2", "in brackets"),
        ("::1:7000", "in brackets"),
        ("[::1", "in brackets"),
        ("[a]:1", "only an IPv6"),
        ("[::1]1", "in brackets"),
        ("[]:1", "only an IPv6"),
        ("me:s3cret@a:1", "holds a user"),
    ],
)
def test_what_is_no_host_and_port_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        parse_authority(text)
    assert "s3cret" not in str(caught.value)


@given(st.text(alphabet="aZ09.-_:[]%@ é\u0669\n") | st.text() | st.ip_addresses().map(str))
@example("a" * 63 + "." + "b" * 63)
def test_what_is_a_host_can_be_looked_up_and_written_before_a_port(text: str) -> None:
    try:
        host = parse_host(text)
    except ValueError:
        return
    assert host.encode("idna").decode() == host
    assert parse_authority(f"{bracketed(host)}:80") == (host, 80)


@given(st.integers(0, 65535))
def test_every_port_is_read(port: int) -> None:
    assert parse_port(str(port)) == port
