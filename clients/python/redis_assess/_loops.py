"""A client of redis.asyncio in more than one event loop.

The connections of a pool, and its locks, belong to the event loop that used them first. So each event loop has a pool of its
own: that of the client for the first loop and, when that one has ended, for the next; a copy for each loop that runs beside it.
"""

from __future__ import annotations

import asyncio
import copy
import threading
import weakref
from typing import Any, TypeVar, cast

import redis.asyncio
from redis.asyncio.sentinel import SentinelConnectionPool

Client = TypeVar("Client")
Loop = asyncio.AbstractEventLoop

_turn = threading.Lock()
_homes: weakref.WeakKeyDictionary[Any, weakref.ref[Loop]] = weakref.WeakKeyDictionary()
_copies: weakref.WeakKeyDictionary[Any, weakref.WeakKeyDictionary[Loop, Any]] = weakref.WeakKeyDictionary()


def at_home(client: Client) -> Client:
    """The client to use in the running event loop.

    Clients of clusters and of sentinels keep further connections of their loop: they are not copied, and belong to one loop.
    """
    if not isinstance(client, redis.asyncio.Redis) or isinstance(client.connection_pool, SentinelConnectionPool):
        return client
    running = asyncio.get_running_loop()
    home = _homes.get(client)
    if home is not None and home() is running:
        return client
    with _turn:
        home = _homes.get(client)
        first = None if home is None else home()
        if first is None or first.is_closed():
            if home is not None:
                client.connection_pool = _fresh(client.connection_pool)
            _homes[client] = weakref.ref(running)
            return client
        copies = _copies.setdefault(client, weakref.WeakKeyDictionary())
        if running not in copies:
            copies[running] = copy.copy(client)
            copies[running].connection_pool = _fresh(client.connection_pool)
        return cast(Client, copies[running])


def _fresh(pool: redis.asyncio.ConnectionPool) -> redis.asyncio.ConnectionPool:
    """A pool with the same settings, without connections, whose locks have been used in no loop."""
    new = copy.copy(pool)
    for name, value in vars(pool).items():
        if isinstance(value, (asyncio.Lock, asyncio.Condition)):
            setattr(new, name, type(value)())
    new.reset()  # type: ignore[no-untyped-call]
    return new
