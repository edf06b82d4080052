"""What is installed is locked, and the lock is of what ``setup.cfg`` asks for."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "config" / "requirements"
PINNED = re.compile(r"^(?P<name>[\w.-]+)(?:\[[\w,-]+\])?==(?P<version>[^\s;]+)")


def wanted(extra: str = "") -> list[Requirement]:
    """What ``setup.cfg`` asks for, with an extra or without."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options"]["install_requires"].splitlines()
    if extra:
        lines += config["options.extras_require"][extra].splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def locked(name: str) -> dict[str, set[str]]:
    """The versions in a lock file by name: more than one where they differ between Pythons."""
    found: dict[str, set[str]] = {}
    for line in (LOCKS / name).read_text().splitlines():
        if pin := PINNED.match(line):
            found.setdefault(canonicalize_name(pin["name"]), set()).add(pin["version"])
    return found


@pytest.mark.parametrize(("name", "extra"), [("runtime.txt", ""), ("dev.txt", "dev"), ("dev.txt", "bench")])
def test_a_lock_has_everything_in_its_range(name: str, extra: str) -> None:
    pins = locked(name)
    for requirement in wanted(extra):
        versions = pins.get(canonicalize_name(requirement.name))
        assert versions, f"{requirement} is not in {name}: make lock"
        assert all(map(requirement.specifier.contains, versions)), f"{requirement}, locked {versions}: make lock"


def test_the_locks_agree() -> None:
    everything = locked("dev.txt")
    assert [name for name, versions in locked("runtime.txt").items() if versions != everything[name]] == []


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.name)
def test_every_pin_has_hashes_and_names_no_index(path: Path) -> None:
    text = path.read_text()
    entries = re.split(r"\n(?=[\w])", re.sub(r"(?m)^#.*\n", "", text).strip())
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "index" not in text.lower().replace("--hash", "")
