"""A method of the API, written once for redis.Redis and for redis.asyncio.Redis.

The method builds a `Call`: the words of the command and the function that reads its reply. `@command` makes a method of
it that sends the words through the client of its handle. A method that needs several commands yields them one after the
other; `@steps` makes a method of it. Neither the builders nor the readers do any input or output.
"""

from __future__ import annotations

import enum
import functools
import types
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar, overload

P = ParamSpec("P")
T = TypeVar("T")
Words = tuple[Any, ...]
RAISE: Any = object()


class Scope(enum.Enum):
    """Which nodes of a cluster a command concerns."""

    KEY = enum.auto()  # the node of its key
    CLUSTER = enum.auto()  # every master, by the word CLUSTER: one of them has the others carry it out
    MASTERS = enum.auto()  # every master by itself: their replies are arrays, which are joined
    NODE = enum.auto()  # any node: all have the same


@dataclass(frozen=True)
class Call(Generic[T]):
    """One command."""

    words: Words
    read: Callable[[Any], T]  # makes the result of the reply
    away: Any = RAISE  # the result with `fail_open` while the server is away; RAISE raises the error
    near: bool = False  # a CACHE.GET that a near cache may answer
    apart: bool = False  # sent on a connection that serves nothing else while it waits or holds a lease
    scope: Scope = Scope.KEY
    timeout: float | None = None  # seconds to wait for the reply, in place of the client's


class Pause(NamedTuple):
    """A step of a method that waits."""

    seconds: float


class Lease(NamedTuple):
    """A lease of `ms` milliseconds that the caller holds."""

    key: str
    token: str
    ms: int


class Compute(NamedTuple):
    """A step of a method that computes a value with a function of the caller; in coroutines the function is one.

    The lease is extended until the function has ended. When it was cancelled, or ends the program, the lease ends with it.
    """

    function: Callable[[], Any]
    lease: Lease | None = None


Steps = Generator[Call[Any] | Pause | Compute, Any, T]


class Sync:
    """Marks handles whose methods return results."""


class Async:
    """Marks handles whose methods return coroutines."""


Mode = TypeVar("Mode", bound=Sync | Async)


class Sender:
    """What sends calls: `_sync.Sender` or `_async.Sender`. `send` returns the result, or a coroutine of it."""

    def send(self, call: Call[Any]) -> Any:
        raise NotImplementedError

    def send_all(self, steps: Steps[Any]) -> Any:
        raise NotImplementedError


class Handle(Generic[Mode]):
    """An object with methods that send commands."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender


class _Method(Generic[P, T]):
    """A method of a handle: of its arguments, without the handle itself."""

    _function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @overload
    def __get__(self, handle: None, owner: Any = None) -> Callable[..., Any]: ...
    @overload
    def __get__(self, handle: Handle[Sync], owner: Any = None) -> Callable[P, T]: ...
    @overload
    def __get__(self, handle: Handle[Async], owner: Any = None) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, handle: Any, owner: Any = None) -> Any:
        return self._function if handle is None else types.MethodType(self._function, handle)


def command(build: Callable[Concatenate[Any, P], Call[T]]) -> _Method[P, T]:
    """A method that sends one command."""

    @functools.wraps(build)
    def send(handle: Handle[Any], /, *args: P.args, **kwargs: P.kwargs) -> Any:
        return handle._sender.send(build(handle, *args, **kwargs))

    return _Method(send)


def steps(build: Callable[Concatenate[Any, P], Steps[T]]) -> _Method[P, T]:
    """A method that sends several commands; errors of Redis are raised in it, where it yields the command."""

    @functools.wraps(build)
    def send(handle: Handle[Any], /, *args: P.args, **kwargs: P.kwargs) -> Any:
        return handle._sender.send_all(build(handle, *args, **kwargs))

    return _Method(send)
