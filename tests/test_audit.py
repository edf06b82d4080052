"""``.ci/audit`` over a stand-in for pip-audit: what it was told, and whether it was told anything."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent

STAND_IN = """
import sys
output = next(word.partition("=")[2] for word in sys.argv if word.startswith("--output="))
written, error, code = sys.argv[1:4]
if written:
    open(output, "w").write(written)
sys.exit((print(error, file=sys.stderr), int(code))[1])
"""

CLEAN = {"name": "gevent", "version": "26.9.0", "vulns": []}
UNKNOWN = {"name": "setuptools", "skip_reason": "Dependency not found on PyPI and could not be audited"}
VULNERABLE = {
    "name": "aiohttp",
    "version": "3.0.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.0.1"], "aliases": [], "description": "bad"}],
}


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the audit with this report (None: nothing is written), on stderr and exit code of pip-audit."""
    stand_in = tmp_path / "stand_in.py"
    stand_in.write_text(STAND_IN)

    def run(*packages: dict[str, Any], error: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        written = json.dumps({"dependencies": packages, "fixes": []}) if packages else ""
        command = (sys.executable, str(stand_in), written, error, str(code))
        monkeypatch.setenv("PIP_AUDIT", shlex.join(command))
        return subprocess.run([ROOT / ".ci" / "audit"], capture_output=True, text=True, check=False)

    return run


def test_a_known_vulnerability_fails(audit: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = audit(CLEAN, VULNERABLE, error="Found 1 known vulnerability in 1 package", code=1)
    assert done.returncode == 1
    assert "aiohttp 3.0.0: PYSEC-1, fixed in 3.0.1" in done.stderr
    assert "NOT AUDITED" not in done.stderr


def test_nothing_found_is_said_of_so_many_packages(audit: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = audit(CLEAN, CLEAN)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "2 locked packages have no known vulnerability.\n",
        "",
    )


def test_packages_that_the_database_does_not_have_are_said_loudly(
    audit: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """Of them pip-audit says on stderr, with exit code 0: No known vulnerabilities found."""
    done = audit(CLEAN, UNKNOWN, error="No known vulnerabilities found")
    assert (done.returncode, done.stdout) == (0, "")
    assert "##  NOT AUDITED: 1 of 2 locked packages, of which nothing can be learnt: setuptools\n" in done.stderr


def test_one_that_is_vulnerable_fails_beside_others_that_are_not_known(
    audit: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = audit(UNKNOWN, VULNERABLE, code=1)
    assert done.returncode == 1
    assert "PYSEC-1" in done.stderr
    assert "NOT AUDITED: 1 of 2" in done.stderr


@pytest.mark.parametrize(("error", "code"), [("requests.exceptions.ConnectionError: no route", 1), ("", 0), ("", -9)])
def test_no_answer_is_said_loudly_and_fails_nothing(
    audit: Callable[..., subprocess.CompletedProcess[str]], error: str, code: int
) -> None:
    done = audit(error=error, code=code % 256)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"##  NOT AUDITED: {error or 'pip-audit ended with'}" in done.stderr


def test_without_pip_audit_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_AUDIT", "/nowhere/pip-audit")
    done = subprocess.run([ROOT / ".ci" / "audit"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "NOT AUDITED" in done.stderr
    assert "/nowhere/pip-audit" in done.stderr
