"""The lock files: one exact version, with hashes, of all that setup.cfg asks for, on every Python and architecture."""

from __future__ import annotations

import tomllib
from configparser import ConfigParser
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "config" / "requirements"
SETUP = ConfigParser()
SETUP.read(ROOT / "setup.cfg")
OPTIONS, EXTRAS = SETUP["options"], SETUP["options.extras_require"]
ASKED_FOR = {
    "build.txt": tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"],
    "runtime.txt": OPTIONS["install_requires"].splitlines(),
    "runtime-scale.txt": [*OPTIONS["install_requires"].splitlines(), *EXTRAS["scale"].splitlines()],
    "dev.txt": [line for text in (OPTIONS["install_requires"], *EXTRAS.values()) for line in text.splitlines()],
}
PYTHONS = [
    line.rpartition(" :: ")[2]
    for line in SETUP["metadata"]["classifiers"].splitlines()
    if line.startswith("Programming Language :: Python ::")
]
MACHINES = ["x86_64", "aarch64"]


class Pin(NamedTuple):
    """One entry of a lock: ``name==version``, perhaps with a marker, and the hashes of its files."""

    requirement: Requirement
    hashes: list[str]

    @property
    def name(self) -> NormalizedName:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        return str(self.requirement.specifier).removeprefix("==")


def pins(lock: str) -> list[Pin]:
    text = (LOCKS / lock).read_text().replace("\\\n", " ")
    entries = (line.split(" --hash=") for line in text.splitlines() if line and not line.lstrip().startswith("#"))
    return [Pin(Requirement(entry), [each.strip() for each in hashes]) for entry, *hashes in entries]


def holds(requirement: Requirement, python: str, machine: str) -> bool:
    """Whether a requirement's marker is true there."""
    there = {
        "implementation_name": "cpython",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }
    return requirement.marker is None or requirement.marker.evaluate(there)


def asked_for(lock: str) -> list[Requirement]:
    return [Requirement(line) for line in ASKED_FOR[lock] if line and not line.startswith("#")]


def test_all_locks_are_known_here() -> None:
    assert {path.name for path in LOCKS.iterdir()} == set(ASKED_FOR)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", ASKED_FOR)
def test_a_lock_satisfies_what_is_asked_for(lock: str, python: str, machine: str) -> None:
    """If not: ``make lock``."""
    here = [pin for pin in pins(lock) if holds(pin.requirement, python, machine)]
    versions = {pin.name: pin.version for pin in here}
    assert len(versions) == len(here), "one version of each"
    unsatisfied = [
        str(requirement)
        for requirement in asked_for(lock)
        if holds(requirement, python, machine)
        and not requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "0.dev0"))
    ]
    assert unsatisfied == []


@pytest.mark.parametrize("lock", ASKED_FOR)
def test_each_version_is_exact_and_each_file_has_a_hash(lock: str) -> None:
    for pin in pins(lock):
        assert [each.operator for each in pin.requirement.specifier] == ["=="], pin
        assert "*" not in pin.version
        assert pin.hashes
        assert all(each.startswith("sha256:") and len(each) == 7 + 64 for each in pin.hashes), pin.name


@pytest.mark.parametrize("lock", ASKED_FOR)
def test_where_packages_come_from_is_left_to_the_one_who_installs(lock: str) -> None:
    text = (LOCKS / lock).read_text()
    assert "://" not in text
    assert "--index" not in text
    assert all(pin.requirement.url is None for pin in pins(lock))


@pytest.mark.parametrize("lock", ["runtime.txt", "runtime-scale.txt"])
def test_the_image_runs_what_the_tests_ran(lock: str) -> None:
    """Version and hashes alike."""
    image, tested = ({(pin.name, pin.version, *pin.hashes) for pin in pins(each)} for each in (lock, "dev.txt"))
    assert image <= tested
