"""From the environment to the settings, or to everything that is wrong with it."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rinha.net.secret import FixedSecret, SecretFile
from rinha.settings.errors import SettingError, SettingsError, printable
from rinha.settings.from_files import read_files
from rinha.settings.processors import PROCESSORS, ProcessorSettings
from rinha.settings.rows import ROWS, VARIABLES
from rinha.settings.scale import settle_scale
from rinha.settings.secret import MASK
from rinha.settings.table import Settings
from rinha.settings.variable import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rinha.net.secret import SharedSecret


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings. A variable that is set to nothing counts as not set.

    Args:
        environ: the environment; only ``RINHA_*`` and ``PROCESSOR_*_URL`` matter. The files that it names are read.

    Raises:
        SettingsError: with everything that is wrong, not the first error alone.
    """
    errors = list(_unknown_variables(environ))
    environ, wrong = read_files(environ)
    errors += wrong
    values: dict[str, Any] = {}
    for variable, kind, _ in ROWS:
        if text := environ.get(variable.name, "") or variable.default:
            try:
                values[variable.name] = read_text(kind, text)
            except ValueError as error:
                shown = MASK if variable.secret else printable(text)
                errors.append(SettingError(variable.name, shown, str(error)))
    errors += _processor_errors(environ, values)
    errors += settle_scale(environ, values)
    if "RINHA_NATS" not in values and values.get("RINHA_ACCEPT") == "durable" and not environ.get("RINHA_STORE"):
        reason = "must be set for RINHA_ACCEPT=durable, e.g. RINHA_STORE=sqlite:////var/lib/rinha/journal.db"
        errors.append(SettingError("RINHA_STORE", "", reason))
    secret = _bridge_secret(environ, values, errors)
    if errors:
        raise SettingsError(errors)
    fields = {row.field: values[row.variable.name] for row in ROWS if row.field and row.variable.name in values}
    return Settings(
        **{
            **fields,
            "processors": tuple(
                ProcessorSettings(each.name, values[each.url.name], values[each.fee_bps.name]) for each in PROCESSORS
            ),
            "simulate": not any(environ.get(each.url.name) for each in PROCESSORS),
            "bridge_secret": secret,
        }
    )


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[SettingError]:
    # Without the prefix that all share, or everything would resemble everything.
    known = {variable.name.removeprefix("RINHA_"): variable.name for variable in VARIABLES}
    for name in sorted(environ):
        stem = name.removeprefix("RINHA_")
        if name != stem and known.get(stem) != name:
            # The value stays hidden: this may be a mistyped name of a secret.
            nearest = difflib.get_close_matches(stem, known, n=1)
            hint = f"did you mean {known[nearest[0]]}?" if nearest else "remove it; `rinha check` lists those there are"
            yield SettingError(printable(name), "", f"no such setting; {hint}")


def _processor_errors(environ: Mapping[str, str], values: Mapping[str, Any]) -> Iterator[SettingError]:
    names = [each.url.name for each in PROCESSORS]
    given = [name for name in names if environ.get(name)]
    if given and given != names:
        for name in names:
            if name not in given:
                reason = f"must be set too, because {given[0]} is; set the URL of every processor, or none to simulate"
                yield SettingError(name, "", reason)
        return
    owners: dict[Any, str] = {}
    for name in names:
        if name in values and (owner := owners.setdefault(values[name], name)) != name:
            yield SettingError(name, str(values[name]), f"is the same as {owner}; each processor has its own URL")


def _bridge_secret(environ: Mapping[str, str], values: Mapping[str, Any], errors: list[SettingError]) -> SharedSecret:
    given: SharedSecret = values.get("RINHA_BRIDGE_SECRET", FixedSecret())
    path, bridge = values.get("RINHA_BRIDGE_SECRET_FILE", ""), values.get("RINHA_BRIDGE")
    is_missing = not environ.get("RINHA_BRIDGE_SECRET") and not environ.get("RINHA_BRIDGE_SECRET_FILE")
    if path and environ.get("RINHA_BRIDGE_SECRET"):
        errors.append(SettingError("RINHA_BRIDGE_SECRET_FILE", path, "RINHA_BRIDGE_SECRET is set as well; set one"))
    elif path:
        file = SecretFile(Path(path))
        try:
            file.read()
        except FileNotFoundError:
            # The worker makes it and the APIs wait for it, but nobody makes a directory.
            if not file.path.parent.is_dir():
                reason = f"there is no directory {file.path.parent}"
                errors.append(SettingError("RINHA_BRIDGE_SECRET_FILE", path, reason))
        except (OSError, ValueError) as error:
            reason = f"can't be read: {error.strerror}" if isinstance(error, OSError) else str(error)
            errors.append(SettingError("RINHA_BRIDGE_SECRET_FILE", path, f"the file {reason}"))
        return file
    elif is_missing and bridge is not None and not bridge.is_local:
        reason = (
            f"must be set (or RINHA_BRIDGE_SECRET_FILE), because RINHA_BRIDGE={bridge} "
            "can be reached from other machines"
        )
        errors.append(SettingError("RINHA_BRIDGE_SECRET", "", reason))
    return given
