"""Keys and patterns of the decorators, from the arguments of a function."""

from __future__ import annotations

import inspect
import json
import string
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from redis_assess import _replies
from redis_assess._call import Call, Scope, Steps

Identity = Callable[[Any], Any]


def key_of(
    prefix: str, function: Callable[..., Any], args: Any, kwargs: Any, self_key: Identity | None = None
) -> str:
    """prefix:argument:argument:, where `prefix:42:*` matches all keys of 42. Different arguments never share a key."""
    call = _call(function, args, kwargs, self_key)
    named = [f"{quote(name, safe='')}={part(value)}" for name, value in sorted(call.kwargs.items())]
    return ":".join([prefix, *map(part, call.args), *named, ""])


def pattern_of(
    pattern: str, function: Callable[..., Any], args: Any, kwargs: Any, self_key: Identity | None = None
) -> str:
    arguments = _call(function, args, kwargs, self_key).arguments
    return "".join(text + (part(arguments[name]) if name else "") for text, name in _pieces(pattern))


def check(patterns: tuple[str, ...], function: Callable[..., Any]) -> None:
    """Refuses names that are no argument: such a pattern would match no key."""
    if not patterns:
        raise ValueError("@cache_invalidate needs a pattern")
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = {name for name, of in inspect.signature(function).parameters.items() if of.kind not in variadic}
    for pattern in patterns:
        for _, name, form, conversion in string.Formatter().parse(pattern):
            if name is not None and name not in named:
                raise ValueError(f"{pattern!r}: {function.__qualname__} has no argument {name!r}")
            if form or conversion:
                raise ValueError(f"{pattern!r}: arguments are written as in keys, without a format")


def part(value: Any) -> str:
    """An argument in a key. Refuses values that JSON changes (a tuple, an object): they could share a key."""
    if isinstance(value, str):
        return quote(value, safe="")
    try:
        text = json.dumps(value, sort_keys=True)
    except TypeError:
        text = "null"
    if json.loads(text) != value or not isinstance(value, (dict, list, int, float, type(None))):
        raise TypeError(f"an argument of a cached function must be a JSON value, not {value!r}")
    return "=" + quote(text, safe="")


def _pieces(pattern: str) -> list[tuple[str, str | None]]:
    """Pieces of text, each with the name in braces that follows it."""
    return [(text, name) for text, name, _, _ in string.Formatter().parse(pattern)]


def _call(
    function: Callable[..., Any], args: Any, kwargs: Any, self_key: Identity | None
) -> inspect.BoundArguments:
    signature = inspect.signature(function)
    call = signature.bind(*args, **kwargs)
    call.apply_defaults()  # f(1), f(x=1) and f(1, y=<its default>) share a key
    first = next(iter(signature.parameters), "")
    if self_key is not None:
        call.arguments[first] = self_key(call.arguments[first])
    elif first in ("self", "cls"):
        raise TypeError(
            f"{function.__qualname__} is a method: self_key must return the parts of `{first}` that its result depends on"
        )
    return call


def invalidation(patterns: tuple[str, ...]) -> Steps[int]:
    """Invalidates the entries of the patterns: by the index for keys in tiers, by a scan of all keys for others."""
    in_tiers: list[str] = []
    elsewhere: list[str] = []
    for pattern in patterns:
        sample = pattern.replace("*", "")  # a key that matches the pattern
        (in_tiers if (yield Call(("CACHE.TTL", sample), _has_tier)) else elsewhere).append(pattern)
    count = 0
    for covered, option in ((in_tiers, ()), (elsewhere, ("ALLKEYS",))):
        if covered:
            words = [word for pattern in covered for word in ("PATTERN", pattern)]
            count += yield Call(("CACHE.INVALIDATE", *words, *option), int, scope=Scope.CLUSTER)
    return count


def _has_tier(described: Any) -> bool:
    return bool(_replies.pairs(described)["tier"])
