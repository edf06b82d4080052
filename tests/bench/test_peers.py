"""Other systems as subjects: found outside the repository, named, and held to what the contest's endpoints tell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from actors.values import LedgerRow
from tests.bench.books import instant, unaccounted
from tests.bench.choice import chosen
from tests.bench.k6 import Load
from tests.bench.made_rounds import made_latency
from tests.bench.peers import PeerError, find_peers, peer_name, service_name
from tests.bench.subjects import PRESETS
from tests.support.containers import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_each_folder_and_file_with_a_compose_file_is_a_peer(tmp_path: Path) -> None:
    for path in ("Best_in Go/docker-compose.yml", "two/compose.yaml", "two/docker-compose.yml", "none/README", "a.yml"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    assert {each.name: str(each.file.relative_to(tmp_path)) for each in find_peers(tmp_path)} == {
        "peer-a": "a.yml",
        "peer-best-in-go": "Best_in Go/docker-compose.yml",
        "peer-two": "two/compose.yaml",
    }


def test_a_folder_with_a_compose_file_may_be_named_itself(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "docker-compose.yml").touch()
    (peer,) = find_peers(folder)
    assert (peer.name, peer.is_peer, peer.has_books) == ("peer-one", True, True)


def test_peers_stay_out_of_the_repository() -> None:
    with pytest.raises(PeerError, match="nothing of a peer belongs there"):
        find_peers(ROOT / "tests" / "bench")


@pytest.mark.parametrize("name", ["", "missing"])
def test_a_folder_without_peers_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(PeerError, match=r"is no folder|has no compose file"):
        find_peers(tmp_path / name)


def test_names_fit_into_the_rounds() -> None:
    assert [peer_name(each) for each in ("Rust_2 (final)", "--", "é")] == [
        "peer-rust-2-final",
        "peer-unnamed",
        "peer-unnamed",
    ]


def test_a_services_second_container_has_its_number() -> None:
    def inspected(number: str) -> dict[str, Any]:
        labels = {"com.docker.compose.service": "api", "com.docker.compose.container-number": number}
        return {"Config": {"Labels": labels}}

    assert [service_name(inspected(each)) for each in ("1", "2")] == ["api", "api-2"]


def test_an_instant_is_written_as_javascript_writes_it() -> None:
    assert instant(datetime(2026, 11, 22, 10, 0, 0, 7999, UTC)) == "2026-11-22T10:00:00.007Z"


class Options:
    """What the command line says."""

    def __init__(self, **changes: Any) -> None:
        self.subjects, self.base, self.peers, self.local = "floor,queued", "", None, False
        self.variant: list[str] = []
        self.__dict__.update(changes)


def test_peers_stand_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "other.yml").touch()
    choice = chosen(Options(peers=str(tmp_path), base="HEAD", variant=["new:RINHA_POOL_SIZE=4"]), PRESETS)  # type: ignore[arg-type]
    assert choice.size == 5
    assert [each.name for each in choice.peers] == ["peer-other"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"subjects": "queued,wrong"}, "no such subject: wrong"),
        ({"subjects": ""}, "no subjects"),
        ({"subjects": "floor", "local": True}, "no subjects"),
        ({"base": "HEAD", "local": True}, "in containers alone"),
    ],
)
def test_what_cannot_be_chosen_is_said(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        chosen(Options(**changes), PRESETS)  # type: ignore[arg-type]


def rows(*numbers: int) -> dict[str, list[LedgerRow]]:
    return {"default": [LedgerRow(bytes([each]) * 16, "default", 1990, 0) for each in numbers], "fallback": []}


def load(sent: int, accepted: int, *named: int) -> Load:
    not_accepted = {bytes([each]) * 16: 0 for each in named}
    return Load(sent, accepted, not_accepted, made_latency(1, 2, 3), [])


def test_what_was_accepted_is_settled_once_and_what_was_not_may_be() -> None:
    assert unaccounted(rows(1, 2), load(3, 2, 9)) == []
    assert unaccounted(rows(1, 2, 9), load(3, 2, 9)) == [], "unanswered and settled"
    assert unaccounted(rows(1), load(2, 2)) == ["2 accepted, 1 of them settled"]
    assert unaccounted(rows(1, 2, 3), load(2, 2)) == ["2 accepted, 3 of them settled"]


def test_a_script_that_does_not_name_what_was_not_accepted_leaves_it_open() -> None:
    assert unaccounted(rows(1, 2, 3), load(3, 2)) == []
    assert unaccounted(rows(1, 2, 3, 4), load(3, 2)) == ["2 accepted, 4 of them settled"]
