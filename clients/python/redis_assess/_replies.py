"""Results from replies, in RESP2 and RESP3. Replies are read as bytes, whatever the client decodes."""

from __future__ import annotations

import json
from typing import Any

import redis

from redis_assess import errors


def nothing(reply: Any) -> None:
    """The result of a command that replies OK."""


def text(reply: Any) -> str:
    return reply.decode(errors="backslashreplace") if isinstance(reply, bytes) else str(reply)


def texts(reply: Any) -> list[str]:
    return [text(one) for one in reply]


def flag(reply: Any) -> bool:
    """True for OK and 1, False for nil and 0."""
    return bool(reply)


def document(reply: Any) -> Any:
    return json.loads(reply)


def documents(reply: Any) -> list[Any]:
    """Documents; an error that the server replies in the place of one is an element of the list."""
    return [errors.typed(one) if isinstance(one, redis.ResponseError) else json.loads(one) for one in reply]


def plain(value: Any) -> Any:
    """Text instead of bytes, also in lists and maps."""
    if isinstance(value, bytes):
        return text(value)
    if isinstance(value, dict):
        return {text(name): plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple, set)) else value


def pairs(reply: Any) -> dict[str, Any]:
    """A map, in RESP2 a flat list, with names as text and values as they came."""
    found = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2])
    return {text(name): value for name, value in found}


def table(reply: Any) -> dict[str, Any]:
    """A map with text instead of bytes."""
    return {name: plain(value) for name, value in pairs(reply).items()}


def figures(reply: Any) -> dict[str, Any]:
    """A map of figures: RESP2 has doubles as text."""
    return {name: number(value) for name, value in table(reply).items()}


def number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
