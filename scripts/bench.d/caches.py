"""Four caches behind one interface: get the value of a key, and compute it when it is absent.

Each class uses its cache across processes as its documentation recommends: `ask(key, compute)` from any thread, and
`forget(key)` when the source of the value has changed.
"""

import asyncio
import importlib.util
import os
import sys
import threading
from collections.abc import Callable

import redis

import build

LIFE_SECONDS = 600
CONNECTIONS = 200
Compute = Callable[[], str]


def is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


class Ours:
    """The client of this project, clients/python."""

    title, package = "redis-assess", "redis"

    def __init__(self, port: int):
        os.environ["REDIS_URL"] = f"redis://127.0.0.1:{port}"
        sys.path.insert(0, str(build.ROOT / "clients" / "python"))
        from redis_assess import decorators

        self.client = decorators
        self.computes: dict[str, Compute] = {}
        self.answer = decorators.cached("entry", ttl=LIFE_SECONDS)(lambda key: self.computes[key]())

    def ask(self, key: str, compute: Compute) -> str:
        self.computes[key] = compute
        return self.answer(key)

    def forget(self, key: str) -> None:
        self.client.invalidate(f"entry:{self.client.part(key)}:*")


class Lock:
    """GET, redis-py's lock, GET again, compute, SET. Invalidated with DEL."""

    title, package = "redis.lock.Lock, double check", "redis"

    def __init__(self, port: int):
        self.client = redis.Redis(port=port, decode_responses=True, max_connections=CONNECTIONS)

    def ask(self, key: str, compute: Compute) -> str:
        if (value := self.client.get(key)) is not None:
            return value
        with self.client.lock(f"lock:{key}", timeout=10):
            if (value := self.client.get(key)) is None:
                value = compute()
                self.client.set(key, value, ex=LIFE_SECONDS)
        return value

    def forget(self, key: str) -> None:
        self.client.delete(key)


class Dogpile:
    """dogpile.cache with its distributed lock. Invalidated with region.delete."""

    title, package = "dogpile.cache", "dogpile"

    def __init__(self, port: int):
        from dogpile.cache import make_region

        options = {"distributed_lock": True, "thread_local_lock": False, "lock_timeout": 10}
        where = {"url": f"redis://127.0.0.1:{port}", "redis_expiration_time": LIFE_SECONDS}
        self.region = make_region().configure(
            "dogpile.cache.redis", expiration_time=LIFE_SECONDS - 1, arguments=where | options
        )

    def ask(self, key: str, compute: Compute) -> str:
        return self.region.get_or_create(key, compute)

    def forget(self, key: str) -> None:
        self.region.delete(key)


class Cashews:
    """@cache(lock=True) of cashews, all callers on one event loop. Invalidated with cache.delete."""

    title, package = "cashews", "cashews"

    def __init__(self, port: int):
        from cashews import Cache

        self.cache = Cache()
        self.cache.setup(f"redis://127.0.0.1:{port}")
        self.computes: dict[str, Compute] = {}
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

        @self.cache(ttl=LIFE_SECONDS, key="{key}", lock=True)
        async def answer(key: str) -> str:
            return await asyncio.to_thread(self.computes[key])

        self.answer = answer

    def ask(self, key: str, compute: Compute) -> str:
        self.computes[key] = compute
        return asyncio.run_coroutine_threadsafe(self.answer(key), self.loop).result()

    def forget(self, key: str) -> None:
        asyncio.run_coroutine_threadsafe(self.cache.delete(key), self.loop).result()


KINDS = {"ours": Ours, "lock": Lock, "dogpile": Dogpile, "cashews": Cashews}
