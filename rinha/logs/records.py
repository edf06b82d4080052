"""Log records as JSON values: what ``logging`` leaves to whoever writes or keeps them."""

from __future__ import annotations

import logging
from typing import Any

import orjson

STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""What every record has; anything else came by ``extra``."""

OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS


def event_of(record: logging.LogRecord) -> str:
    """The record's message; never raises."""
    try:
        return record.getMessage()
    except Exception:
        return _text(record.msg)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What came by ``extra``."""
    return {key: value for key, value in vars(record).items() if key not in STANDARD_ATTRIBUTES}


def to_json(line: dict[str, Any]) -> str:
    """One line of JSON, whatever the values are; never raises."""
    try:
        return orjson.dumps(line, default=_writable, option=OPTIONS).decode()
    except Exception:
        return orjson.dumps({_text(key): _one_value(value) for key, value in line.items()}).decode()


def plain(fields: dict[str, Any]) -> dict[str, Any]:
    """The same values as they are once they were JSON."""
    values: dict[str, Any] = orjson.loads(to_json(fields))
    return values


def _one_value(value: object) -> object:
    try:
        return orjson.Fragment(orjson.dumps(value, default=_writable, option=OPTIONS))
    except Exception:
        return _text(value)


def _writable(value: object) -> object:
    match value:
        case bytes():
            return value.hex()
        case dict():
            return dict(value)
        case list() | tuple():
            return list(value)
        case _:
            # A secret, for one, which masks itself.
            return _text(value)


def _text(value: object) -> str:
    try:
        return str(value).encode("utf-8", "backslashreplace").decode()
    except Exception:
        return f"<{type(value).__name__} that can't be shown>"
