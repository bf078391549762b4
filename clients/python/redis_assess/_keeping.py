"""Extends the leases of computations that take longer than their lease: one thread for all leases of a client.

`_keeping_async.py` has the same for coroutines.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import redis

from redis_assess._call import Lease
from redis_assess._connection import log
from redis_assess._leases import ended, renewed

BEATS = 3  # of a lease
LONGEST_BEAT_S = 10.0
LONGEST_S = 3600.0  # a computation that hangs loses its lease then
IDLE_S = 10.0  # how long the thread waits for another lease


def beat_s(lease: Lease) -> float:
    """Seconds between two extensions of a lease."""
    return min(lease.ms / 1000 / BEATS, LONGEST_BEAT_S)


def is_over(error: redis.RedisError) -> bool:
    """Whether an extension was refused for good. After any other error the next one may succeed."""
    return str(error).startswith("LEASELOST")


class Held:
    """A lease in use."""

    def __init__(self, lease: Lease) -> None:
        self.lease, self.over = lease, False
        self.until = time.monotonic() + LONGEST_S
        self.turn = threading.Lock()  # of its commands


class Keeper:
    """Extends the leases of a client, on a thread that ends when there are none."""

    def __init__(self, client: Any) -> None:
        # The thread alone shall not keep a client alive.
        self.client = weakref.ref(client)
        self.changed = threading.Condition()
        self.due: list[tuple[float, int, Held]] = []  # a heap by the time of the next extension
        self.numbers = itertools.count()
        self.runs = False

    def add(self, held: Held) -> None:
        with self.changed:
            self._push(held)
            if not self.runs:
                self.runs = True
                threading.Thread(target=self._run, name="redis-assess leases", daemon=True).start()
            elif self.due[0][2] is held:
                self.changed.notify()

    def _push(self, held: Held) -> None:
        heapq.heappush(self.due, (time.monotonic() + beat_s(held.lease), next(self.numbers), held))

    def _run(self) -> None:
        while (held := self._next()) is not None:
            if not held.over and self._renew(held):
                with self.changed:
                    self._push(held)

    def _next(self) -> Held | None:
        """The lease whose time has come; None when the thread ends."""
        with self.changed:
            while True:
                if not self.due:
                    if not self.changed.wait(IDLE_S) and not self.due:
                        self.runs = False
                        return None
                    continue
                left = self.due[0][0] - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self.due)[2]
                self.changed.wait(left)

    def _renew(self, held: Held) -> bool:
        """Whether there is a next time."""
        client = self.client()
        if client is None or time.monotonic() > held.until:
            return False
        with held.turn:
            if held.over:
                return False
            try:
                client.execute_command(*renewed(held.lease))
            except redis.RedisError as error:
                if is_over(error):
                    return False
                log.warning("the lease of %s was not extended: %s", held.lease.key, error)
            except Exception:  # a client that was closed: the thread has other leases
                log.exception("the lease of %s was not extended", held.lease.key)
        return True


_keepers: weakref.WeakKeyDictionary[Any, Keeper] = weakref.WeakKeyDictionary()
_turn = threading.Lock()


def _forget() -> None:
    """A fork has no threads, and locks as they were."""
    global _keepers, _turn
    _keepers, _turn = weakref.WeakKeyDictionary(), threading.Lock()


os.register_at_fork(after_in_child=_forget)


def _keeper(client: Any) -> Keeper:
    with _turn:
        if (keeper := _keepers.get(client)) is None:
            keeper = _keepers[client] = Keeper(client)
        return keeper


@contextlib.contextmanager
def keeping(client: Any, lease: Lease) -> Iterator[None]:
    """Extends the lease until the end of the block. An exit of the program or of the thread ends the lease."""
    held = Held(lease)
    _keeper(client).add(held)
    try:
        yield
    except Exception:
        raise
    except BaseException:
        held.over = True
        with held.turn, contextlib.suppress(redis.RedisError):  # after an extension in flight
            client.execute_command(*ended(lease))
        raise
    finally:
        held.over = True
