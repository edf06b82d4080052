"""Variants of the bench of CPU time: every setting can be one's own, and none takes another API's place."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

import pytest

from rinha.settings.rows import VARIABLES
from tests.bench.cpu.table import table
from tests.bench.cpu.variant import Variant
from tests.support.containers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

URLS = {"default": "http://127.0.0.1:1", "fallback": "http://127.0.0.1:2"}


def parse(settings: str = "") -> Variant:
    return Variant.parse(f"new={ROOT}{settings and ','}{settings}")


def test_every_setting_there_is_can_be_a_variants(tmp_path: Path) -> None:
    names = [each.name for each in VARIABLES]
    given = {name: "3" for name in names}
    environ = parse(",".join(f"{name}=3" for name in names)).environ(URLS, tmp_path)
    assert environ.items() >= given.items()


def test_what_it_does_not_set_is_as_for_all(tmp_path: Path) -> None:
    environ = parse("RINHA_ACCEPT=received").environ(URLS, tmp_path)
    assert (environ["RINHA_ACCEPT"], environ["RINHA_ROUTING"]) == ("received", "cheapest")
    assert environ["PROCESSOR_DEFAULT_URL"] == URLS["default"]
    assert environ["PYTHONPATH"] == str(ROOT)


def test_durable_has_a_journal_of_the_rounds_own_unless_it_names_one(tmp_path: Path) -> None:
    assert parse("RINHA_ACCEPT=durable").environ(URLS, tmp_path)["RINHA_STORE"].startswith(f"sqlite:///{tmp_path}/")
    named = parse("RINHA_ACCEPT=durable,RINHA_STORE=sqlite:////x").environ(URLS, tmp_path)
    assert named["RINHA_STORE"] == "sqlite:////x"


@pytest.mark.parametrize(
    ("settings", "addresses"),
    [
        ("RINHA_HOST=unix:/run/api", ["unix:/run/api-1", "unix:/run/api-2"]),
        ("RINHA_PORT=7000", ["http://127.0.0.1:7000", "http://127.0.0.1:7001"]),
        ("RINHA_PORT=7000,RINHA_HOST=::", ["http://[::1]:7000", "http://[::1]:7001"]),
        ("RINHA_PORT=7000,RINHA_HOST=0.0.0.0", ["http://127.0.0.1:7000", "http://127.0.0.1:7001"]),
    ],
)
def test_each_api_listens_elsewhere(tmp_path: Path, settings: str, addresses: list[str]) -> None:
    variant = parse(settings)
    environ = variant.environ(URLS, tmp_path)
    assert [variant.api_environ(environ, number)[1] for number in (1, 2)] == addresses


def test_a_variant_has_as_many_apis_as_it_says_and_the_others_as_all() -> None:
    assert (parse("RINHA_API_COUNT=3").apis(2), parse().apis(2)) == (3, 2)


def test_viewers_are_no_setting_and_a_token_goes_with_each_question() -> None:
    variant = parse("VIEWERS=10,RINHA_ADMIN_TOKEN=a-token-of-16-bytes")
    assert (variant.viewers, dict(variant.settings)) == (10, {"RINHA_ADMIN_TOKEN": "a-token-of-16-bytes"})
    assert variant.token == {"Authorization": "Bearer a-token-of-16-bytes"}


@pytest.mark.parametrize(
    "text", ["new", "=.", "new=/no/such/checkout", "new={},RINHA_POOL_SIZE", "new={},VIEWERS=many", "new={},A=1,A=2"]
)
def test_what_is_no_variant_is_said(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=r"expected|each setting"):
        Variant.parse(text.format(ROOT))


def test_variants_with_other_numbers_of_apis_stand_in_one_table() -> None:
    found = {"payments": 100.0, "p50_ms": 1.0, "p99_ms": 2.0}
    for name in ("worker", "api-1", "api-2"):
        found |= {f"{name} user": 100.0, f"{name} sys": 20.0, f"{name} switches": 1.5}
    fewer = {name: value for name, value in found.items() if not name.startswith("api-2")}
    lines = table({"one": [fewer], "two": [found]}).splitlines()
    assert len(lines) == 1 + 5 + 2
    assert [line.split()[:2] for line in lines[1:6]].count(["two", "api-2"]) == 1
    assert lines[-1].startswith("two") and "worker and an API 240 µs" in lines[-1]
