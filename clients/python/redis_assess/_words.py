"""The words of commands from the arguments of methods."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from redis_assess._call import Words

Lifetime: TypeAlias = int | datetime.timedelta
Value: TypeAlias = bytes | str | int | float


def options(**given: Any) -> Words:
    """Options by name: nothing for None and False, the name alone for True, else the name and the value."""
    words: list[Any] = []
    for name, value in given.items():
        if value is None or value is False:
            continue
        words.append(name.upper())
        if value is not True:
            words.append(value)
    return tuple(words)


def yes_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def life(ttl: Lifetime | None) -> Words:
    """A time to live: seconds, or milliseconds where seconds would lose a part."""
    if isinstance(ttl, datetime.timedelta):
        return ("PTTL", round(ttl / datetime.timedelta(milliseconds=1)))
    return () if ttl is None else ("TTL", ttl)


def document(value: Mapping[Any, Any] | Iterable[Any]) -> str:
    """A JSON document. A number that JSON does not have is sent as NaN, which a row takes as a missing value."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def payload(value: Any) -> bytes | str:
    """Bytes and text unchanged, any other value as JSON."""
    return value if isinstance(value, (bytes, str)) else json.dumps(value)


def listed(values: Iterable[str]) -> list[str]:
    """A text is one value, and not its letters."""
    return [values] if isinstance(values, (str, bytes)) else list(values)


def counted(name: str, values: Iterable[str]) -> Words:
    """`NAME n value..`; nothing for no values."""
    words = listed(values)
    return (name, len(words), *words) if words else ()
