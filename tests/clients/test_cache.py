"""Entries of the cache through redis_assess, on threads and in coroutines. REDIS_URL names a server with the module."""

import asyncio
import contextlib
import socket
import threading
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor

import redis
import redis_assess.asyncio
from redis_assess import Assess, NoLife, Remembered, connect
from test_keeping import Claims, Waits  # noqa: F401, they run with the tests of this file
from test_keeping import Leases as KeptLeases  # noqa: F401, the same

CALLERS = 20

# Waits that end with an event, however slow the machine is: the timeout of replies is longer than them.
PATIENT = {"socket_timeout": 60, "socket_connect_timeout": 60}
WAITS = {"lease_ms": 50_000, "wait_ms": 50_000}


def setUpModule():
    with connect() as assess:
        assess.tiers.set("entries", "entries:*", ttl=60, negative=60)


def fresh():
    return f"entries:{uuid.uuid4().hex}"


def blocked(assess, count, ended=lambda: False):
    """Waits until so many clients wait in the server, or their calls have ended."""
    while int(assess.client.info("clients")["blocked_clients"]) < count and not ended():
        threading.Event().wait(0.003)


class Computed(unittest.TestCase):
    def setUp(self):
        self.assess = connect(**PATIENT)
        self.addCleanup(self.assess.close)
        self.cache, self.key = self.assess.cache, fresh()

    def test_twenty_callers_share_one_computation(self):
        computed = []

        def compute():
            computed.append(1)
            blocked(self.assess, CALLERS - 1)
            return "value"

        with ThreadPoolExecutor(CALLERS) as callers:
            found = list(callers.map(lambda _: self.cache.get_or_compute(self.key, compute, **WAITS), range(CALLERS)))
        self.assertEqual((found, computed), ([b"value"] * CALLERS, [1]))

    def test_a_value_that_is_invalidated_while_it_is_computed_is_not_stored(self):
        def compute():
            self.cache.invalidate(keys=[self.key])
            return b"old"

        self.assertEqual(self.cache.get_or_compute(self.key, compute), b"old")
        self.assertIsNone(self.cache.get(self.key))
        self.assertEqual(self.cache.get_or_compute(self.key, lambda: "new", tags=["t"], lease_ms=900), b"new")
        self.assertEqual(self.cache.ttl(self.key)["tags"], ["t"])

    def test_a_failure_is_raised_and_remembered(self):
        def compute():
            raise ValueError("no such thing")

        with self.assertRaisesRegex(ValueError, "no such thing"):
            self.cache.get_or_compute(self.key, compute)
        with self.assertRaisesRegex(Remembered, "ValueError: no such thing"):
            self.cache.get_or_compute(self.key, compute)

    def test_a_key_in_no_tier_needs_a_time_to_live(self):
        key, computed = f"tierless:{uuid.uuid4().hex}", []
        with self.assertRaisesRegex(NoLife, key):
            self.cache.get_or_compute(key, lambda: computed.append(1))
        self.assertEqual((computed, self.cache.ttl(key)["lease_ms"]), ([], 0))
        self.assertEqual(self.cache.get_or_compute(key, lambda: "v", ttl=5), b"v")
        self.assertIsNotNone(self.cache.get(key))

    def test_a_value_that_cannot_be_stored_is_returned(self):
        with self.assertLogs("redis_assess", "WARNING") as logged:
            self.assertEqual(self.cache.get_or_compute(self.key, lambda: "v", tags=["t" * 300]), b"v")
        self.assertIn("computed but not stored", logged.output[0])


class Leases(unittest.TestCase):
    def test_a_fetch_waits_for_the_lease_of_another_one_of_the_same_pool(self):
        """The server replies `busy` to the connection that holds the lease: it must not be used for another fetch."""
        with connect(**PATIENT) as assess, ThreadPoolExecutor(1) as other:
            key = fresh()
            lease = assess.cache.fetch(key, **WAITS)
            waits = other.submit(assess.cache.fetch, key, **WAITS)
            blocked(assess, 1, waits.done)
            assess.cache.fill(key, lease.token, "v")
            self.assertEqual((lease.state, waits.result()[:2]), ("lease", ("hit", b"v")))

    def test_the_same_in_coroutines(self):
        async def run():
            async with redis_assess.asyncio.connect(**PATIENT) as assess:
                key = fresh()
                lease = await assess.cache.fetch(key, **WAITS)
                waits = asyncio.create_task(assess.cache.fetch(key, **WAITS))
                await asyncio.sleep(0)  # it takes the connection that the first one has put back
                while int((await assess.client.info("clients"))["blocked_clients"]) < 1 and not waits.done():
                    await asyncio.sleep(0.003)
                await assess.cache.fill(key, lease.token, "v")
                return lease.state, (await waits)[:2]

        self.assertEqual(asyncio.run(run()), ("lease", ("hit", b"v")))


class Coroutines(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.assess = redis_assess.asyncio.connect(**PATIENT)
        self.addAsyncCleanup(self.assess.aclose)
        self.cache, self.key = self.assess.cache, fresh()

    async def test_twenty_callers_share_one_computation(self):
        computed = []

        async def compute():
            computed.append(1)
            while int((await self.assess.client.info("clients"))["blocked_clients"]) < CALLERS - 1:
                await asyncio.sleep(0.003)
            return "value"

        calls = (self.cache.get_or_compute(self.key, compute, **WAITS) for _ in range(CALLERS))
        found = await asyncio.gather(*calls)
        self.assertEqual((found, computed), ([b"value"] * CALLERS, [1]))

    async def test_a_failure_is_raised_and_remembered(self):
        async def compute():
            raise ValueError("no such thing")

        with self.assertRaisesRegex(ValueError, "no such thing"):
            await self.cache.get_or_compute(self.key, compute)
        with self.assertRaisesRegex(Remembered, "ValueError: no such thing"):
            await self.cache.get_or_compute(self.key, compute)

    async def test_a_cancellation_is_not_reported_to_others(self):
        started = asyncio.Event()

        async def compute():
            started.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(self.cache.get_or_compute(self.key, compute, lease_ms=100))
        await started.wait()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task

        async def again():
            return "v"

        self.assertEqual(await self.cache.get_or_compute(self.key, again), b"v")  # after the lease

    async def test_the_decorators_of_a_client(self):
        @self.assess.cached(self.key, ttl=60)
        async def square(x):
            return x * x

        @self.assess.cache_invalidate(self.key + ":{x}:*")
        async def change(x):
            return "changed"

        self.assertEqual([await square(3), await square(3)], [9, 9])
        self.assertIsNotNone(await self.cache.get(f"{self.key}:=3:"))
        self.assertEqual(await change(3), "changed")
        self.assertIsNone(await self.cache.get(f"{self.key}:=3:"))


class Away(unittest.TestCase):
    def test_a_cache_without_a_server_does_not_break_the_caller(self):
        with away() as url, connect(url) as assess:
            cache = assess.cache
            with self.assertLogs("redis_assess", "WARNING") as logged:
                self.assertIsNone(cache.get("k"))
                self.assertEqual(cache.mget(["a", "b"]), [None, None])
                self.assertEqual([cache.set("k", "v"), cache.mset({"k": "v"})], [False, False])
                self.assertEqual(cache.fetch("k").state, "timeout")
                self.assertEqual([cache.fill("k", "0" * 16, "v"), cache.abandon("k", "0" * 16)], [False, False])
                self.assertEqual(cache.get_or_compute("k", lambda: "v"), b"v")
                self.assertEqual(assess.cached("k")(lambda x: x)(1), 1)
            self.assertRegex(logged.output[0], "CACHE.GET k .* without the cache")
            for other in (lambda: cache.invalidate("k*"), lambda: assess.io("m").get("a", "b"), lambda: cache.stats()):
                self.assertRaises(redis.ConnectionError, other)

    def test_without_fail_open_the_error_is_raised(self):
        with away() as url, connect(url, fail_open=False) as assess:
            for call in (lambda: assess.cache.get("k"), lambda: assess.cache.get_or_compute("k", lambda: "v"),
                         lambda: assess.cached("k")(lambda x: x)(1)):
                self.assertRaises(redis.ConnectionError, call)

    def test_a_server_that_does_not_reply_is_away(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            with connect(f"redis://127.0.0.1:{silent.getsockname()[1]}", socket_timeout=0.1) as assess:
                with self.assertLogs("redis_assess", "WARNING"):
                    self.assertIsNone(assess.cache.get("k"))

    def test_a_server_that_has_become_a_replica_is_away(self):
        with connect(**PATIENT) as assess, connect(fail_open=False, **PATIENT) as strict, ThreadPoolExecutor(2) as others:
            key = fresh()
            assess.cache.fetch(key, **WAITS)
            waits = others.submit(assess.cache.get_or_compute, key, lambda: "computed", **WAITS)
            fails = others.submit(strict.cache.fetch, key, **WAITS)
            blocked(assess, 2, lambda: waits.done() or fails.done())
            with self.assertLogs("redis_assess", "WARNING"):
                assess.client.replicaof("127.0.0.1", 1)  # a port without a server
                try:
                    self.assertEqual(waits.result(), b"computed")
                    self.assertFalse(assess.cache.set(key, "v"))
                    self.assertRaises(redis.exceptions.ReadOnlyError, strict.cache.set, key, "v")
                    self.assertRaises(redis.exceptions.ReadOnlyError, assess.cache.invalidate, keys=[key])
                    self.assertRaisesRegex(redis.ResponseError, "^UNBLOCKED", fails.result)
                finally:
                    assess.client.replicaof("NO", "ONE")

    def test_in_coroutines(self):
        async def run(url):
            async with redis_assess.asyncio.connect(url) as assess:
                with self.assertRaises(redis.ConnectionError):
                    await assess.cache.invalidate("k*")
                return await assess.cache.get("k"), await assess.cache.set("k", "v")

        with away() as url, self.assertLogs("redis_assess", "WARNING"):
            self.assertEqual(asyncio.run(run(url)), (None, False))


@contextlib.contextmanager
def away():
    """The address of a port without a listener."""
    with socket.socket() as bound:  # no other process can listen there
        bound.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{bound.getsockname()[1]}"


class Clients(unittest.TestCase):
    def test_a_client_of_the_caller_that_decodes_nothing(self):
        with connect() as made:
            settings = made.client.connection_pool.connection_kwargs
            client = redis.Redis(host=settings["host"], port=settings["port"])
        with Assess(client) as assess:
            key = fresh()
            self.assertTrue(assess.cache.set(key, b"\xff", tags=["é"]))
            self.assertEqual((assess.cache.get(key), assess.cache.ttl(key)["tags"]), (b"\xff", ["é"]))
            self.assertEqual(assess.client.execute_command("CACHE.GET", key), b"\xff")


if __name__ == "__main__":
    unittest.main()
