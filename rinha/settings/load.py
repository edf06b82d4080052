"""The environment, read once into one frozen object."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from rinha.net.address import Address, TcpAddress, parse_address
from rinha.net.secret import FixedSecret, SecretFile, SharedSecret
from rinha.settings.table import MASK, VARIABLES, own_name

if TYPE_CHECKING:
    from collections.abc import Mapping


class Secret(str):
    """Text that doesn't show in logs, tracebacks and representations; ``reveal`` gives what it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK if self else "not set"

    __str__ = __repr__

    def reveal(self) -> str:
        """The text itself."""
        return str.__str__(self)


class ProcessorSettings(msgspec.Struct, frozen=True):
    """One payment processor.

    Args:
        name: its name, as in the summary.
        url: base URL without a slash at the end.
        fee_bps: its fee in basis points: 500 is 5 %.
    """

    name: str
    url: str
    fee_bps: int


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the processes of the system are told. ``rinha/settings/table.py`` says what each value means."""

    host: str
    port: int
    processors: tuple[ProcessorSettings, ...]
    simulate: bool
    bridge: str
    bridge_secret: SharedSecret
    bridge_linger_ms: float
    accept: Literal["queued", "received", "durable"]
    store: Secret
    admin_token: Secret
    routing: Literal["fastest", "cheapest"]
    patience_s: float
    latency_tolerance_ms: float
    benchmark_share: float
    pool_size: int
    settle_per_s: float
    attempt_deadline_s: float
    backlog_max: int
    answer_timeout_s: float
    drain_s: float
    log_level: Literal["debug", "info", "warning", "error"]
    trace_share: float
    api_name: str
    api_count: int

    @property
    def listen_address(self) -> Address:
        """Where an API listens."""
        return parse_address(self.host) if self.host.startswith("unix:") else TcpAddress(self.host, self.port)


class SettingError(msgspec.Struct, frozen=True):
    """One wrong setting.

    Args:
        name: the environment variable.
        value: its value, masked where it may be a secret; empty if it isn't set.
        reason: what is wrong and what to write instead.
    """

    name: str
    value: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}={self.value}: {self.reason}" if self.value else f"{self.name}: {self.reason}"


class SettingsError(Exception):
    """Whoever set the environment made these mistakes; ``errors`` holds all of them."""

    def __init__(self, errors: list[SettingError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings. A variable that is set to nothing counts as not set.

    Args:
        environ: the environment; only ``RINHA_*`` and ``PROCESSOR_*_URL`` matter. The file that
            ``RINHA_BRIDGE_SECRET_FILE`` names is looked at, if it is there already.

    Raises:
        SettingsError: with everything that is wrong, not the first error alone.
    """
    errors = _unknown_variables(environ)
    values: dict[str, Any] = {}
    for variable in VARIABLES:
        text = environ.get(variable.name, "") or variable.default
        try:
            values[variable.name] = variable.parse(text) if text else ""
        except ValueError as error:
            shown = MASK if variable.secret else _printable(text)
            errors.append(SettingError(variable.name, shown, _printable(str(error))))
    errors += _processor_errors(environ, values)
    if values.get("RINHA_ACCEPT") == "durable" and not values.get("RINHA_STORE"):
        reason = "must be set for RINHA_ACCEPT=durable, e.g. RINHA_STORE=sqlite:////var/lib/rinha/journal.db"
        errors.append(SettingError("RINHA_STORE", "", reason))
    secret = _bridge_secret(environ, values, errors)
    if errors:
        raise SettingsError(errors)
    default_url, fallback_url = values.pop("PROCESSOR_DEFAULT_URL"), values.pop("PROCESSOR_FALLBACK_URL")
    default_fee, fallback_fee = values.pop("RINHA_DEFAULT_FEE_BPS"), values.pop("RINHA_FALLBACK_FEE_BPS")
    del values["RINHA_BRIDGE_SECRET"], values["RINHA_BRIDGE_SECRET_FILE"]
    fields = {name.removeprefix("RINHA_").lower(): value for name, value in values.items()}
    fields["api_name"] = fields["api_name"] or own_name()
    for secret_field in ("store", "admin_token"):
        fields[secret_field] = Secret(fields[secret_field])
    return Settings(
        processors=(
            ProcessorSettings("default", default_url, default_fee),
            ProcessorSettings("fallback", fallback_url, fallback_fee),
        ),
        simulate=not environ.get("PROCESSOR_DEFAULT_URL"),
        bridge_secret=secret,
        **fields,
    )


def _unknown_variables(environ: Mapping[str, str]) -> list[SettingError]:
    # Without the prefix that all share, or everything would resemble everything.
    known = {variable.name.removeprefix("RINHA_"): variable.name for variable in VARIABLES}
    errors = []
    for name in sorted(environ):
        stem = name.removeprefix("RINHA_")
        if name != stem and known.get(stem) != name:
            # The value stays hidden: this may be a mistyped name of a secret.
            nearest = difflib.get_close_matches(stem, known, n=1)
            hint = f"did you mean {known[nearest[0]]}?" if nearest else "remove it; `rinha check` lists those there are"
            errors.append(SettingError(name, "", f"no such setting; {hint}"))
    return errors


def _processor_errors(environ: Mapping[str, str], values: dict[str, Any]) -> list[SettingError]:
    pair = ("PROCESSOR_DEFAULT_URL", "PROCESSOR_FALLBACK_URL")
    if len(missing := [name for name in pair if not environ.get(name)]) == 1:
        (given,) = set(pair) - set(missing)
        return [SettingError(missing[0], "", f"must be set too, because {given} is; set both, or neither to simulate")]
    first, second = (values.get(name) for name in pair)
    if first is not None and first == second:
        return [SettingError(pair[1], first, f"is the same as {pair[0]}; two processors have two URLs")]
    return []


def _bridge_secret(environ: Mapping[str, str], values: dict[str, Any], errors: list[SettingError]) -> SharedSecret:
    text, path = environ.get("RINHA_BRIDGE_SECRET", ""), environ.get("RINHA_BRIDGE_SECRET_FILE", "")
    if text and path:
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
    elif not text and "RINHA_BRIDGE" in values and not parse_address(values["RINHA_BRIDGE"]).is_local:
        reason = (
            f"must be set (or RINHA_BRIDGE_SECRET_FILE), because RINHA_BRIDGE={values['RINHA_BRIDGE']} "
            "can be reached from other machines"
        )
        errors.append(SettingError("RINHA_BRIDGE_SECRET", "", reason))
    return FixedSecret(text.encode(errors="replace"))  # what is no text has an error already


def _printable(text: str) -> str:
    """One line without a password."""
    text = re.sub(r"//[^/@]*@", f"//{MASK}@", text)
    return text if text.isprintable() else ascii(text)
