"""The decorators of redis_assess.asyncio on tasks. REDIS_URL names a server with the module."""

import asyncio
import gc
import socket
import threading
import unittest
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor

import redis
import redis_assess.asyncio
import redis_assess._decorators_async as here
from events import wait_for
from redis_assess._async import client as connected
from redis_assess.asyncio import NoLife, Remembered, cache_invalidate, cached, invalidate

CALLERS = 20


class Cached(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        await here.client.execute_command("TIER.SET", "async", "PATTERN", "async:*", "TTL", 60, "NEGATIVE", 60, "WAIT", 9000)

    async def asyncTearDown(self):
        await here.client.aclose()  # each test has an event loop of its own

    async def test_twenty_callers_share_one_computation(self):
        computed = []

        @cached("async:square", ttl=60)
        async def square(x):
            computed.append(x)
            while int((await here.client.info("clients"))["blocked_clients"]) < CALLERS - 1:
                await asyncio.sleep(0.003)  # computes until all callers have requested the value
            return {"square": x * x}

        answers = await asyncio.gather(*(square(7) for _ in range(CALLERS)))
        self.assertEqual(answers, [{"square": 49}] * CALLERS)
        self.assertEqual(computed, [7])

    async def test_a_value_invalidated_while_it_is_computed_is_returned_and_not_stored(self):
        source = ["old"]

        @cached("async:source")
        async def read():
            seen = source[0]
            if seen == "old":
                source[0] = "new"
                await invalidate("async:source:*")
            return seen

        self.assertEqual([await read(), await read(), await read()], ["old", "new", "new"])

    async def test_entries_in_no_tier_are_invalidated_too(self):
        computed = []

        @cached("tierless:async", ttl=60)
        async def count(user):
            computed.append(user)
            return len(computed)

        self.assertEqual([await count("ann"), await count("ann")], [1, 1])
        self.assertEqual(await invalidate("async:nothing:*", "tierless:async:ann:*"), 1)
        self.assertEqual(await count("ann"), 2)

    async def test_an_exception_is_raised_and_remembered(self):
        tries = []

        @cached("async:fails")
        async def fails():
            tries.append(1)
            raise ValueError("no such thing")

        with self.assertRaisesRegex(ValueError, "no such thing"):
            await fails()
        with self.assertRaisesRegex(Remembered, "ValueError: no such thing"):
            await fails()
        self.assertEqual(len(tries), 1)

    async def test_a_cancelled_caller_leaves_no_failure_for_others(self):
        tries, begun = [], asyncio.Event()

        @cached("async:slow", lease_ms=200)
        async def slow():
            tries.append(1)
            if len(tries) == 1:
                begun.set()
                await asyncio.Event().wait()
            return "done"

        first = asyncio.create_task(slow())
        await begun.wait()
        first.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await first
        self.assertEqual(await slow(), "done")

    async def test_invalidation_counts_its_entries_and_keeps_the_others(self):
        @cached("async:profile")
        async def profile(user, page=0):
            return [user, page]

        @cache_invalidate("async:profile:{user}:*")
        async def save(user):
            return "saved"

        for page in range(3):
            await profile("ann", page)
        await profile("anna")
        self.assertEqual(await save("dave"), "saved")
        self.assertEqual(await invalidate("async:profile:ann:*"), 3)
        self.assertEqual(await invalidate("async:profile:*"), 1)

    async def test_a_key_without_a_time_to_live_is_refused_before_anything_is_computed(self):
        computed = []

        @cached("without_ttl_async")
        async def without_ttl(x):
            computed.append(x)

        with self.assertRaisesRegex(NoLife, "without_ttl_async:=1:"):
            await without_ttl(1)
        self.assertEqual(computed, [])

    async def test_a_method_needs_self_key_to_name_its_instance_in_the_key(self):
        class Shop:
            def __init__(self, name):
                self.name, self.computed = name, 0

            @cached("async:price", self_key=lambda shop: shop.name)
            async def price(self, item):
                self.computed += 1
                return f"{self.name} {item}"

            @cache_invalidate("async:price:{self}:*", self_key=lambda shop: shop.name)
            async def restock(self):
                pass

        north, again, south = Shop("north"), Shop("north"), Shop("south")
        prices = [await shop.price("tea") for shop in (north, again, south)]
        self.assertEqual(prices, ["north tea", "north tea", "south tea"])
        self.assertEqual([shop.computed for shop in (north, again, south)], [1, 0, 1])
        await again.restock()
        await north.price("tea"), await south.price("tea")
        self.assertEqual([north.computed, south.computed], [2, 1])

    async def test_while_redis_is_unreachable_values_are_computed_and_a_warning_is_logged(self):
        async def double(x):
            return 2 * x

        changed = []

        @cache_invalidate("async:*")
        async def change():
            changed.append(1)

        kept = here.client
        with socket.socket() as bound:  # a port without a listener: no other process can listen there
            bound.bind(("127.0.0.1", 0))
            here.client = connected(f"redis://127.0.0.1:{bound.getsockname()[1]}")
            try:
                with self.assertLogs("redis_assess", "WARNING"):
                    self.assertEqual(await cached("async:open")(double)(4), 8)
                with self.assertRaises(redis.ConnectionError):
                    await cached("async:closed", fail_open=False)(double)(4)
                with self.assertRaises(redis.ConnectionError):
                    await change()
            finally:
                await here.client.aclose()
                here.client = kept
        self.assertEqual(changed, [1])


class Loops(unittest.TestCase):
    """The decorators in more than one event loop."""

    @classmethod
    def setUpClass(cls):
        with redis_assess.connect() as assess:
            assess.tiers.set("loops", "loops:*", ttl=60, wait_ms=9000)

    def setUp(self):
        self.computed, self.prefix = [], f"loops:{uuid.uuid4().hex}"

    def decorated(self, **client):
        @cached(self.prefix, fail_open=False, **client)
        async def double(x):
            self.computed.append(x)
            await asyncio.sleep(0)
            return 2 * x

        @cache_invalidate(f"{self.prefix}:*", **client)
        async def save():
            pass

        async def main():
            """Many calls at the same time, which need many connections and contend for the locks of the pool."""
            found = await asyncio.gather(*(double(x % 3) for x in range(30)))
            await save()
            return found

        return main

    def assert_works(self, main, times):
        for _ in range(times):
            self.assertEqual(asyncio.run(main()), [0, 2, 4] * 10)
        self.assertEqual(sorted(self.computed), sorted([0, 1, 2] * times))

    def test_one_event_loop_after_the_other(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # connections that a loop left open
            self.assert_works(self.decorated(), 3)

    def test_one_after_the_other_with_a_client_of_its_own(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            self.assert_works(self.decorated(client=redis_assess.asyncio.connect().client), 3)

    def test_connections_of_ended_loops_are_closed(self):
        with redis_assess.connect() as other, warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            main = self.decorated(client=connected(client_name=self.prefix.replace(":", "-")))

            def count():
                gc.collect()
                return sum(one["name"] == self.prefix.replace(":", "-") for one in other.client.client_list())

            asyncio.run(main())
            first = count()
            self.assertGreater(first, 0)
            for _ in range(7):
                asyncio.run(main())
            # Those of the last loop, and of one before it whose objects are collected later.
            wait_for(lambda: count() < 4 * first, "connections remain")

    def test_event_loops_on_threads_at_the_same_time(self):
        client = connected()
        meet = threading.Barrier(3, timeout=30)

        async def double(x):
            return 2 * x

        async def read(number):
            function = cached(f"{self.prefix}:{number}", fail_open=False, client=client)(double)
            for _ in range(5):
                await asyncio.to_thread(meet.wait)  # each loop uses the client while the others run
                self.assertEqual(await asyncio.gather(*(function(x) for x in range(10))), list(range(0, 20, 2)))

        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda number: asyncio.run(read(number)), range(3)))


if __name__ == "__main__":
    unittest.main()
