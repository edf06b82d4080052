"""What is in the image, and what isn't."""

from __future__ import annotations

import os
from typing import Any

import orjson
import pytest

from tests.support.containers import IMAGE, run

OWN_SIZE_MAX_MB = 80
"""What the image may add to its base: dependencies, this code, and bytecode for all of it and the standard library."""

WITHOUT_BYTECODE = """
import importlib.util, pathlib, sysconfig
stdlib = pathlib.Path(sysconfig.get_path("stdlib"))
files = [*pathlib.Path("/opt/rinha/lib").rglob("*.py"), *stdlib.glob("*.py"), *stdlib.glob("asyncio/*.py")]
print(len(files), [str(f) for f in files if not pathlib.Path(importlib.util.cache_from_source(f)).exists()])
"""

pytestmark = pytest.mark.usefixtures("image")


def in_image(*command: str, user: str = "") -> str:
    options = ["--user", user] if user else []
    return run("docker", "run", "--rm", *options, "--entrypoint", command[0], IMAGE, *command[1:]).strip()


def inspect(image: str) -> dict[str, Any]:
    (document,) = orjson.loads(run("docker", "image", "inspect", image))
    return dict(document)


def test_it_runs_as_nobody_special() -> None:
    assert inspect(IMAGE)["Config"]["User"] == "rinha"
    assert in_image("id", "-u") == "10001"


def test_nothing_is_left_of_the_build() -> None:
    tools = "for tool in cc gcc g++ clang ld make cargo; do command -v $tool; done; true"
    assert in_image("bash", "-c", tools, user="0") == ""
    # The base image may bring pip and wheels of its own.
    in_base = ("-path", "/usr/share/python-wheels", "-prune", "-o", "-path", "*/ensurepip", "-prune", "-o")
    names = ("-name", "*.whl", "-o", "-name", ".git", "-o", "-path", "*/.cache/pip", "-o", "-path", "/src")
    assert in_image("find", "/", "-xdev", *in_base, "(", *names, ")", "-print", user="0") == ""
    assert "pip" not in in_image("ls", "/opt/rinha/bin").split()


def test_everything_that_runs_is_compiled() -> None:
    count, missing = in_image("python", "-c", WITHOUT_BYTECODE).split(" ", 1)
    assert int(count) > 300
    assert missing == "[]"


def test_nothing_reads_certificate_authorities_at_start() -> None:
    authorities = "import ssl; print(ssl.create_default_context().cert_store_stats()['x509'])"
    assert in_image("python", "-c", authorities) == "0"


def test_it_adds_little_to_its_base() -> None:
    base = os.environ.get("BASE_IMAGE", "python:3.13-slim-trixie")
    added_mb = (inspect(IMAGE)["Size"] - inspect(base)["Size"]) / 1e6
    print(f"{added_mb:.0f} MB on top of {base}")
    assert 0 < added_mb <= OWN_SIZE_MAX_MB


def test_its_files_belong_to_root() -> None:
    """The process can't change its own program, even where the root file system can be written."""
    assert in_image("find", "/opt/rinha", "!", "-user", "root") == ""


def test_its_health_check_is_no_python() -> None:
    command = inspect(IMAGE)["Config"]["Healthcheck"]["Test"]
    assert command[:2] == ["CMD", "healthcheck"]
    assert in_image("head", "-1", "/usr/local/bin/healthcheck") == "#!/bin/bash"
