"""HTTP as bytes: one answer for one request, whole or not at all, however its bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rinha.processors import wire
from rinha.processors.errors import AnswerLost
from rinha.processors.http1 import ANSWER_BYTES_MAX, AnswerReader, Requests
from rinha.processors.wire import Address, Answer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

READ: dict[str, tuple[bytes, Answer, bool]] = {
    "length": (OK, Answer(200, b"{}"), True),
    "no body": (b"HTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\n", Answer(500, b""), True),
    "no reason": (b"HTTP/1.1 429\r\nContent-Length: 0\r\n\r\n", Answer(429, b""), True),
    "chunks": (CHUNKED + b"1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n", Answer(200, b"{}"), True),
    "no chunks": (CHUNKED.replace(b"200", b"500") + b"0\r\n\r\n", Answer(500, b""), True),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\nX: 1\r\nY: 2\r\n\r\n", Answer(200, b"{}"), True),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + OK, Answer(200, b"{}"), True),
    "interim with a length": (b"HTTP/1.1 102 X\r\nContent-Length: 5\r\n\r\n" + OK, Answer(200, b"{}"), True),
    "upgrade offered": (
        OK.replace(b"\r\n\r\n", b"\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
        Answer(200, b"{}"),
        True,
    ),
    "close": (OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), Answer(200, b"{}"), False),
    "HTTP/1.0": (OK.replace(b"1.1", b"1.0"), Answer(200, b"{}"), False),
    "HTTP/1.0 kept alive": (
        OK.replace(b"1.1", b"1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"),
        Answer(200, b"{}"),
        True,
    ),
    "204": (b"HTTP/1.1 204 None\r\n\r\n", Answer(204, b""), True),
    "304": (b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", Answer(304, b""), True),
}

LOST: dict[str, bytes] = {
    "no HTTP": b"\x16\x03\x01 no HTTP\r\n\r\n",
    "a request": b"GET / HTTP/1.1\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n!",
    "another protocol without a name": b"HTTP/1.1 101 Yes\r\n\r\n" + OK,
    "no status": b"HTTP/1.1 20 OK\r\n\r\n",
    "no version": OK.replace(b"1.1", b"1.2"),
    "line feeds": OK.replace(b"\r\n", b"\n"),
    "a folded field": OK.replace(b"\r\n\r\n", b"\r\nX: a\r\n b\r\n\r\n"),
    "a space before the colon": b"HTTP/1.1 500 E\r\nContent-Length : 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 500 E\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\n",
    "a list of lengths": b"HTTP/1.1 500 E\r\nContent-Length: 0, 4\r\n\r\n",
    "a signed length": b"HTTP/1.1 500 E\r\nContent-Length: -1\r\n\r\n",
    "an empty length": b"HTTP/1.1 500 E\r\nContent-Length:\r\n\r\n",
    "a length beyond numbers": b"HTTP/1.1 500 E\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "length and chunks": b"HTTP/1.1 500 E\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunks and length": b"HTTP/1.1 500 E\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    "a chunk of no size": CHUNKED + b"x\r\n",
    "a chunk over its size": CHUNKED + b"1\r\n{}\r\n",
    "a long body": b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * ANSWER_BYTES_MAX,
    "an endless body": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * ANSWER_BYTES_MAX,
    "a long field": b"HTTP/1.1 200 OK\r\nX: " + b"x" * ANSWER_BYTES_MAX,
    "a long reason": b"HTTP/1.1 200 " + b"x" * ANSWER_BYTES_MAX,
    "many fields": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (ANSWER_BYTES_MAX // 6),
    "many small chunks": CHUNKED + b"1\r\nx\r\n" * (ANSWER_BYTES_MAX // 6),
    "endless trailers": CHUNKED + b"0\r\n" + b"X: y\r\n" * (ANSWER_BYTES_MAX // 6),
    "endless interim answers": b"HTTP/1.1 102 Wait\r\n\r\n" * (ANSWER_BYTES_MAX // 20),
}

NOT_ENDED: dict[str, bytes] = {
    "nothing": b"",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n",
    "unknown length": b"HTTP/1.1 500 E\r\n\r\n",
    "body of unknown length": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
    "chunks that are encoded once more": b"HTTP/1.1 500 E\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "no encoding": b"HTTP/1.1 500 E\r\nTransfer-Encoding: identity\r\n\r\n",
}


def begun() -> AnswerReader:
    reader = AnswerReader()
    reader.begin()
    return reader


def feed(reader: AnswerReader, parts: list[bytes]) -> Answer | None:
    """Feed as a connection does: no more once there is an answer."""
    for part in parts:
        answer = reader.feed(part)
        if answer is not None:
            return answer
    return None


def bytes_of(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]


@pytest.mark.parametrize("name", READ)
def test_an_answer_is_read_whole_and_byte_by_byte(name: str) -> None:
    data, answer, keeps_alive = READ[name]
    for parts in ([data], bytes_of(data)):
        reader = begun()
        assert not reader.keeps_alive
        assert feed(reader, parts) == answer
        assert reader.keeps_alive is keeps_alive


@pytest.mark.parametrize("name", READ)
def test_no_answer_is_read_before_its_last_byte(name: str) -> None:
    reader = begun()
    assert feed(reader, bytes_of(READ[name][0][:-1])) is None
    assert not reader.keeps_alive


@pytest.mark.parametrize("name", LOST)
def test_what_is_no_proper_answer_is_lost_whole_and_byte_by_byte(name: str) -> None:
    for parts in ([LOST[name]], bytes_of(LOST[name])):
        reader = begun()
        with pytest.raises(AnswerLost) as caught:
            feed(reader, parts)
        assert caught.value.reason
        assert not reader.keeps_alive


@pytest.mark.parametrize("name", NOT_ENDED)
def test_an_answer_that_only_the_end_of_the_connection_ends_never_comes(name: str) -> None:
    reader = begun()
    assert feed(reader, [NOT_ENDED[name]]) is None
    assert not reader.keeps_alive


@pytest.mark.parametrize("rest", [OK, b"H", b"garbage", b"HTTP/1.1 100 Continue\r\n\r\n"])
@pytest.mark.parametrize("name", READ)
def test_what_comes_along_with_an_answer_spoils_it(name: str, rest: bytes) -> None:
    reader = begun()
    with pytest.raises(AnswerLost):
        reader.feed(READ[name][0] + rest)
    assert not reader.keeps_alive


@given(
    names=st.lists(st.sampled_from([name for name, (_, _, keeps_alive) in READ.items() if keeps_alive]), max_size=5),
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=9),
)
def test_answers_over_one_connection_are_read_one_by_one_however_they_are_cut(
    names: list[str], cuts: list[int]
) -> None:
    reader = AnswerReader()
    for name in names:
        data, answer, _ = READ[name]
        parts: list[bytes] = []
        while data:
            length = cuts[len(parts) % len(cuts)]
            parts.append(data[:length])
            data = data[length:]
        reader.begin()
        assert feed(reader, parts) == answer


@given(st.binary(max_size=200))
def test_noise_is_lost_or_incomplete_or_an_answer_and_nothing_else(noise: bytes) -> None:
    for data in (noise, OK[:9] + noise, OK[:-2] + noise, CHUNKED + noise):
        try:
            answer = begun().feed(data)
        except AnswerLost:
            continue
        assert answer is None or answer.status >= 200


def test_the_limit_is_that_of_one_answer() -> None:
    reader = AnswerReader()
    body = b"x" * (ANSWER_BYTES_MAX // 2)
    for _ in range(3):
        reader.begin()
        assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)) == Answer(200, body)


def test_a_post_is_one_exact_request() -> None:
    requests = Requests(Address("processor", 8080, "", "processor:8080"))
    assert requests.write("POST", "/payments", b'{"a": 1}') == (
        b"POST /payments HTTP/1.1\r\nHost: processor:8080\r\nContent-Type: application/json\r\n"
        b'Content-Length: 8\r\n\r\n{"a": 1}'
    )


def test_a_get_is_one_exact_request_and_keeps_the_path_of_the_url() -> None:
    requests = Requests(wire.parse_url("http://[::1]:81/a%20b/%s/"))
    assert requests.write("GET", "/x") == b"GET /a%20b/%s/x HTTP/1.1\r\nHost: [::1]:81\r\n\r\n"
    assert requests.write("POST", "/x", b"{}").startswith(b"POST /a%20b/%s/x HTTP/1.1\r\n")
