"""What comes from outside: bounded, taken as it is locked, listed; and what HAProxy opens to the outside."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def asked_for() -> list[Requirement]:
    """All that setup.cfg and pyproject.toml ask for."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    texts = [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    lines = [line for text in texts for line in text.splitlines() if line and not line.startswith("#")]
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    return [Requirement(line) for line in (*lines, *build)]


@pytest.mark.parametrize("requirement", asked_for(), ids=str)
def test_everything_that_is_asked_for_has_an_upper_bound(requirement: Requirement) -> None:
    """A version that nobody has seen is a change of its own."""
    assert {each.operator for each in requirement.specifier} & {"<", "~=", "=="}, str(requirement)


def test_the_image_takes_nothing_that_is_not_locked() -> None:
    """Hashes for all that is downloaded, wheels alone (what builds a wheel is in no lock), and nothing after that."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    installs = re.findall(r"pip (?:\S+ )*?(?:wheel|install|download) [^&\n]*", text)
    assert len(installs) == 3
    locked, *later = installs
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(locked.split())
    assert re.findall(r"-r (\S+)", locked) == ["build.txt", '"runtime${EXTRA:+-$EXTRA}.txt"']
    assert all("--no-index" in each.split() for each in later)
    assert not re.search(r"apt-get|curl|wget|\bADD\b", text)


def test_a_lock_is_installed_as_it_is() -> None:
    """Pip takes a newer version of what somebody asks for with an extra, and then misses its hash: it mustn't look."""
    text = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    installs = [line for line in text.splitlines() if "--require-hashes" in line]
    assert len(installs) == 2
    assert all("--no-deps" in each.split() for each in installs)


def test_base_images_can_be_named_by_their_digest() -> None:
    stages = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(stages) == {"${BASE_IMAGE}"}
    images: set[str] = set()
    for path in ("compose.yaml", "config/compose.scale.yaml"):
        images |= set(re.findall(r"^ +image: (?:&\w+ )?(\$\S+)$", (ROOT / path).read_text(), re.MULTILINE))
    assert images == {
        "${RINHA_IMAGE:-rinha-actors}",
        "${RINHA_SCALE_IMAGE:-rinha-actors-scale}",
        "${HAPROXY_IMAGE:-haproxy:3.0}",
        "${NATS_IMAGE:-nats:2}",
        "${POSTGRES_IMAGE:-postgres:17}",
        "${PROMETHEUS_IMAGE:-prom/prometheus:v2.53.0}",
        "${GRAFANA_IMAGE:-grafana/grafana:11.1.0}",
    }


def test_haproxy_opens_one_port_and_its_statistics_to_nobody_outside() -> None:
    binds = re.findall(r"^ +bind (\S+)", (ROOT / "config" / "haproxy.cfg").read_text(), re.MULTILINE)
    assert binds == [":9999", "127.0.0.1:8404"]


@pytest.mark.slow
def test_the_bill_of_materials_lists_what_the_image_installs() -> None:
    """It installs what is locked, so it needs a package index."""
    subprocess.run(["make", "sbom"], cwd=ROOT, check=True, capture_output=True)
    bill = json.loads((ROOT / "build" / "sbom.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    listed = {f"{canonicalize_name(each['name'])}=={each['version']}" for each in bill["components"]}
    pins = re.findall(r"^([a-z].*?) *\\$", (ROOT / "config/requirements/runtime.txt").read_text(), re.MULTILINE)
    here = [each for each in map(Requirement, pins) if each.marker is None or each.marker.evaluate()]
    assert listed - {"rinha-actors==0.1.0"} == {f"{each.name}{each.specifier}" for each in here}
    assert all(each["licenses"] and each["purl"] for each in bill["components"])
    needs = {each["ref"].partition("==")[0]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert any(each.startswith("aiohttp==") for each in needs["rinha-actors"])
