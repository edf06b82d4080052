from __future__ import annotations

import pytest

from rinha.net.http_url import HttpUrl, parse_http_url


@pytest.mark.parametrize(
    ("text", "url", "canonical", "authority"),
    [
        ("http://processor:8080", HttpUrl("processor", 8080), "http://processor:8080", "processor:8080"),
        ("HTTP://Processor_1/", HttpUrl("processor_1", 80), "http://processor_1", "processor_1"),
        ("http://a:80", HttpUrl("a", 80), "http://a", "a"),
        ("http://127.0.0.1:1/b/c/", HttpUrl("127.0.0.1", 1, "/b/c"), "http://127.0.0.1:1/b/c", "127.0.0.1:1"),
        ("http://[::1]:8001/%20%40:", HttpUrl("::1", 8001, "/%20%40:"), "http://[::1]:8001/%20%40:", "[::1]:8001"),
        ("http://[::1]", HttpUrl("::1", 80), "http://[::1]", "[::1]"),
    ],
)
def test_a_url_is_read_and_written_back(text: str, url: HttpUrl, canonical: str, authority: str) -> None:
    assert parse_http_url(text) == url
    assert str(url) == canonical
    assert parse_http_url(canonical) == url
    assert url.authority == authority


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "begin with http://"),
        ("processor:8080", "begin with http://"),
        ("https://processor", "begin with http://"),
        ("unix:/run/processor", "begin with http://"),
        ("http://", "host is missing"),
        ("http:///path", "host is missing"),
        ("http://:80", "host is missing"),
        ("http://host:port", "whole number"),
        ("http://host:99999", "whole number"),
        ("http://host:", "port is missing"),
        ("http://h:0", "port 0"),
        ("http://[::1", "brackets"),
        ("http://me:s3cret@host", "user"),
        ("http://me:80/s3cret@host", "user"),
        ("http://me:8/0s3cret@host:8001/path", "user"),
        ("http://host/?query", "query"),
        ("http://host?query", "query"),
        ("http://host/#fragment", "fragment"),
        ("http://host/a b", "escaped"),
        ("http://host/é", "escaped"),
        ("http://host\\a", "letters"),
        ("http://h..x:80", "single dots"),
        ("http://a*b:80", "letters"),
        ("http://[fe80::1%25eth0]:80", "zone"),
        ("http://bücher.example", "xn--"),
        (f"http://{'a' * 64}", "letters"),
    ],
)
def test_what_is_no_url_is_refused_with_the_reason_and_the_form(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        parse_http_url(text)
    assert str(caught.value).startswith("must be a URL like http://127.0.0.1:8001: ")
    assert "s3cret" not in str(caught.value)
