"""Which URL names which store, and that it is made without opening anything."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from actors.facts import PaymentTaken
from actors.ports import StoreBroken, StoreUnavailable
from rinha.store.open import open_store
from rinha.store.postgres.store import PostgresStore
from rinha.store.url import parse_store_url

if TYPE_CHECKING:
    from pathlib import Path

TAKEN = PaymentTaken(b"0123456789abcdef", 1, 0)


def test_three_slashes_are_relative_and_four_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in (
        "sqlite:///a.db",
        f"sqlite:///{tmp_path}/b.db",
        "sqlite:///with%20space.db",
        "sqlite:///./what%3F%23.db",
    ):
        store = open_store(parse_store_url(url))
        store.append([TAKEN])
        store.close()
    assert {path.name for path in tmp_path.glob("*.db")} == {"a.db", "b.db", "with space.db", "what?#.db"}


def test_naming_a_store_opens_nothing(tmp_path: Path) -> None:
    open_store(parse_store_url(f"sqlite:///{tmp_path}/a.db")).close()
    pytest.importorskip("psycopg")
    open_store(parse_store_url("postgresql://nobody@127.0.0.1:1/none")).close()
    assert os.listdir(tmp_path) == []


def test_a_missing_directory_is_named_with_the_likely_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreUnavailable, match=r"var/lib/a\.db.*No such file.*sqlite:////x is absolute"):
        open_store(parse_store_url("sqlite:///var/lib/a.db")).epoch()


@pytest.mark.parametrize(
    "url",
    [
        *("", "a.db", "/a.db", "mysql://u@h/d", "sqlite+aiosqlite:///a", "sqlite:", "sqlite://", "sqlite:///"),
        *("sqlite://a.db", "sqlite:///a/", "sqlite:///a?mode=ro", "sqlite:///a%00b", "sqlite:///:memory:"),
        *("sqlite:////", "sqlite:///a/..", "sqlite:///.", "sqlite:///%3Amemory%3A", "sqlite:///a%2", "sqlite:///%ff"),
        *("SQLITE:///a", "sqlite:///\udcff"),
    ],
)
def test_what_names_no_store_is_refused_with_the_right_forms(url: str) -> None:
    with pytest.raises(
        ValueError, match=r"^must be sqlite:///relative/path, sqlite:////absolute/path or postgresql://"
    ):
        parse_store_url(url)


@pytest.mark.parametrize(("character", "escape"), [("?", "%3F"), ("#", "%23")])
def test_a_character_that_a_path_must_not_hold_is_named_with_its_escape(character: str, escape: str) -> None:
    with pytest.raises(ValueError, match=rf"a [{character}] begins .* written {escape}$"):
        parse_store_url(f"sqlite:////var/lib/rinha{character}1/journal.db")


def test_postgresql_without_psycopg_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    url = parse_store_url("postgresql://u@h/d")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreBroken, match=r"pip install 'rinha-actors\[postgres\]'"):
        open_store(url)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_both_of_libpqs_schemes_are_known(scheme: str) -> None:
    pytest.importorskip("psycopg")
    assert isinstance(open_store(parse_store_url(f"{scheme}://u@h/d?sslmode=require")), PostgresStore)
