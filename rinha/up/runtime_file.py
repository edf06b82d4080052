"""Where ``rinha up`` leaves word of its bridge and its APIs, for commands that are told of none.

The file is a JSON object. It holds the settings that lead to the worker, ``RINHA_BRIDGE`` and, if ``rinha up`` made it,
``RINHA_BRIDGE_SECRET``; and ``url``, where the APIs listen. With NATS there are several workers, and it holds the URL
alone. It is ``$XDG_RUNTIME_DIR/rinha.json``; without that
directory it is in one of our own that nobody else can enter. Whoever reads it believes it, so it must be the user's
alone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rinha.files import read_guarded, write_whole
from rinha.net.address import TcpAddress, parse_address
from rinha.settings.errors import SettingError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger(__name__)

NAME = "rinha.json"
MAX_BYTES = 4096
MODE = 0o600
LISTENS_TIMEOUT_S = 1.0
OTHERS = 0o077
"""The rights of everybody but the user."""

SECRETS = ("RINHA_BRIDGE_SECRET", "RINHA_BRIDGE_SECRET_FILE")
URL = "url"


class _Word(msgspec.Struct):
    """What stands in the file."""

    bridge: str = msgspec.field(name="RINHA_BRIDGE", default="")
    bridge_secret: str = msgspec.field(name=SECRETS[0], default="")
    url: str = msgspec.field(name=URL, default="")

    def __post_init__(self) -> None:
        if not (self.bridge or self.url):
            raise ValueError("it leads nowhere")


@contextlib.contextmanager
def published(environ: Mapping[str, str], settings: Mapping[str, str]) -> Iterator[bool]:
    """Write the file for the length of a context, in the place of one that is there.

    At the end that one is put back, if its system listens still: whoever starts a second one by mistake ends it again,
    and commands go on to find the first.

    Args:
        environ: tells where.
        settings: what to write.

    Yields:
        Whether it is written; if not the log says why, and commands have to be told by whoever calls them.
    """
    path = _place(environ)
    content = msgspec.json.encode(settings)
    try:
        if not _runtime_directory(environ):
            _claim(path.parent)
        before = _content(path)
        write_whole(path, content, mode=MODE, replace=True)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        logger.warning("up.runtime_file_not_written", extra={"path": str(path), "reason": reason})
        yield False
        return
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):
            if path.read_bytes() == content:  # or it is another system's by now
                _put_back(path, before)
                if not path.exists() and not _runtime_directory(environ):
                    path.parent.rmdir()


def with_running_system(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Complete an environment that doesn't say where the worker is by what ``rinha up`` left.

    Args:
        environ: what a command was told. A secret in it counts more than the file's.

    Returns:
        The environment; as it was if it names a bridge, or no file is there.

    Raises:
        SettingsError: the file mustn't be believed.
    """
    word = _word(environ)
    if word is None or not word.bridge:
        return environ
    found = {"RINHA_BRIDGE": word.bridge}
    if word.bridge_secret and not any(environ.get(name) for name in SECRETS):
        found[SECRETS[0]] = word.bridge_secret
    return {**environ, **found}


def url_of_running_system(environ: Mapping[str, str]) -> str:
    """The base URL of the APIs that ``rinha up`` runs.

    Args:
        environ: what a command was told.

    Returns:
        The URL; empty if ``environ`` names a bridge, which leads to another system, or no file is there.

    Raises:
        SettingsError: the file mustn't be believed.
    """
    word = _word(environ)
    return word.url if word else ""


def _word(environ: Mapping[str, str]) -> _Word | None:
    """What the file says; None where it isn't asked, or isn't there."""
    if environ.get("RINHA_BRIDGE"):
        return None
    path = _place(environ)
    try:
        if not _runtime_directory(environ):
            _check_private(path.parent)
        content = read_guarded(path, max_bytes=MAX_BYTES, forbidden=OTHERS, owner=os.geteuid())
        return msgspec.json.decode(content, type=_Word)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = f"must be set, or {path} be removed, which {_reason(error)}"
        raise SettingsError([SettingError("RINHA_BRIDGE", "", reason)]) from None


def _content(path: Path) -> bytes:
    """What stands in a file that may be believed; nothing otherwise."""
    try:
        return read_guarded(path, max_bytes=MAX_BYTES, forbidden=OTHERS, owner=os.geteuid())
    except (OSError, ValueError):
        return b""


def _put_back(path: Path, before: bytes) -> None:
    if before and _listens(before):
        write_whole(path, before, mode=MODE, replace=True)
    else:
        path.unlink()


def _listens(content: bytes) -> bool:
    """Whether somebody listens at the bridge that a file names, or else at its URL."""
    try:
        word = msgspec.json.decode(content, type=_Word)
        address = parse_address(word.bridge or word.url.rpartition("/")[2])
        if isinstance(address, TcpAddress):
            socket.create_connection((address.host, address.port), timeout=LISTENS_TIMEOUT_S).close()
            return True
    except (OSError, ValueError):
        pass
    return False


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"can't be read ({error.strerror})"
    return "isn't what `rinha up` writes" if isinstance(error, msgspec.MsgspecError) else str(error)


def _runtime_directory(environ: Mapping[str, str]) -> str:
    directory = environ.get("XDG_RUNTIME_DIR", "")
    # The XDG specification has a relative path ignored.
    return directory if os.path.isabs(directory) else ""


def _place(environ: Mapping[str, str]) -> Path:
    directory = _runtime_directory(environ) or os.path.join(tempfile.gettempdir(), f"rinha-{os.geteuid()}")
    return Path(directory, NAME)


def _claim(directory: Path) -> None:
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    _check_private(directory)


def _check_private(directory: Path) -> None:
    # Everybody may make a directory there, with the name of ours.
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & OTHERS:
        raise ValueError(f"is in a directory that isn't this user's alone ({directory})")
