"""Settings that hold a password may stand in files, as engines mount secrets: ``RINHA_NATS_FILE`` and others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rinha.settings.errors import SettingError, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

READ = ("RINHA_STORE", "RINHA_NATS")
"""Not the bridge's secret: its file may yet have to be made, and is read again at each connection."""
MAX_BYTES = 4096


def read_files(environ: Mapping[str, str]) -> tuple[Mapping[str, str], list[SettingError]]:
    """Complete an environment by what stands in the files that it names.

    Args:
        environ: what was said.

    Returns:
        The environment with the values themselves, and what is wrong with the files. A value is never repeated.
    """
    values, errors = dict(environ), []
    for name in READ:
        file = f"{name}_FILE"
        if not (path := environ.get(file, "")):
            continue
        if environ.get(name):
            errors.append(SettingError(file, printable(path), f"{name} is set as well; set one"))
            continue
        try:
            with Path(path).open(encoding="utf-8") as opened:
                values[name] = opened.read(MAX_BYTES).strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            errors.append(SettingError(file, printable(path), f"the file can't be read: {why}"))
        else:
            if not values[name]:
                errors.append(SettingError(file, printable(path), "the file is empty"))
    return values, errors
