"""A database's URL is read as libpq reads it, or refused with the reason before anybody connects."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rinha.store.postgres.url import parse_postgres_url


@pytest.mark.parametrize(
    ("rest", "parameters"),
    [
        ("", {}),
        ("/d", {"dbname": "d"}),
        ("u:p%20%40@h:5433/d", {"user": "u", "password": "p @", "host": "h", "port": "5433", "dbname": "d"}),
        ("u@[::1]:5/", {"user": "u", "host": "::1", "port": "5"}),
        ("h1:1,h2", {"host": "h1,h2", "port": "1,"}),
        ("%2Frun%2Fpg/d", {"host": "/run/pg", "dbname": "d"}),
        ("u@/d?host=/run/pg&port=1", {"user": "u", "dbname": "d", "host": "/run/pg", "port": "1"}),
        ("h/d?ssl=true", {"host": "h", "dbname": "d", "sslmode": "require"}),
        (
            "h?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3",
            {"host": "h", "sslmode": "verify-full", "sslrootcert": "/ca.pem", "connect_timeout": "3"},
        ),
    ],
)
def test_a_url_gives_libpqs_parameters(rest: str, parameters: dict[str, str]) -> None:
    assert parse_postgres_url(f"postgresql://{rest}").parameters == parameters


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("u:s3cret@[::1/d", "brackets"),
        ("u:s3cret@[h/d", "brackets"),
        ("u:s3cret@h:port/d", "whole number"),
        ("u:s3cret@h:0/d", "port 0"),
        ("u:s3cret@h:1:2/d", "whole number"),
        ("u:s3cret@h:65536/d", "whole number"),
        ("u:s3cret@a..b/d", "single dots"),
        ("u:s3cret@h,/d", "host is missing"),
        ("u:s3cret@bücher/d", "xn--"),
        ("u:s3cret@x@h/d", "%40"),
        ("u:s3cret/x@h/d", "%40"),
        ("u:s3cret%@h/d", "%25"),
        ("u:s3cret%ff@h/d", "UTF-8"),
        ("u:s3cret%00@h/d", "NUL"),
        ("u:s3cret @h/d", "%20"),
        ("h/?x=s3cret", "isn't known"),
        ("h/?sslmode=s3cret", "sslmode takes no such value"),
        ("h/?password=s3cret&sslmode", "sslmode takes no such value"),
        ("h/?password=s3cret=", "password takes no such value"),
        ("h/?password=s3cret&", "isn't known"),
        ("h/?connect_timeout=1_0", "connect_timeout takes"),
        ("h/?port=s3cret", "whole number"),
        ("h/?host=a*b", "letters"),
        ("h/?port=1,2", "more or fewer ports"),
    ],
)
def test_what_libpq_could_not_use_is_refused_without_showing_a_value(rest: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        parse_postgres_url(f"postgresql://{rest}")
    assert "s3cret" not in str(caught.value)


def test_a_password_does_not_show() -> None:
    url = parse_postgres_url("postgresql://u:s3cret@h/d")
    assert url.parameters["password"] == "s3cret"
    assert "s3cret" not in f"{url} {url!r}"


TEXT = st.text(alphabet="aZ9-._%2F~+é#=&'\\\"", max_size=8)
HOSTS = st.sampled_from(
    ["", "h", "h:1", "h:", "[::1]:5", "h1,h2", "h1:1,h2:2", "h1:1,h2", "%2Frun", "a b", "h:x", "[h]"]
)
PAIRS = st.sampled_from(
    [
        "",
        "?",
        "?sslmode=require",
        "?ssl=true",
        "?host=/run&user=%61",
        "?x=1",
        "?sslmode=",
        "?application_name=a+b&port=1",
    ]
)


@given(user=TEXT, password=TEXT, hosts=HOSTS, database=TEXT, pairs=PAIRS)
@example(user="u", password="", hosts="h", database="", pairs="")
def test_what_is_read_is_what_libpq_reads(user: str, password: str, hosts: str, database: str, pairs: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    for text in (
        f"{user}:{password}@{hosts}/{database}{pairs}",
        f"{user}@{hosts}{pairs}",
        f"{hosts}/{database}{pairs}",
    ):
        try:
            parameters = parse_postgres_url(f"postgresql://{text}").parameters
        except ValueError:
            continue
        libpqs = psycopg.conninfo.conninfo_to_dict(f"postgresql://{text}")
        assert parameters == libpqs
        again = psycopg.conninfo.conninfo_to_dict(psycopg.conninfo.make_conninfo("", **parameters))
        assert again == libpqs
