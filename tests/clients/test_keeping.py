"""Leases that last as long as their computation, and waits longer than the timeout of replies, in both kinds of clients.
REDIS_URL names a server with the module."""

import asyncio
import threading
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor

import redis
import redis_assess
import redis_assess.asyncio
from events import about, calls, in_background, repeated, standing_still, wait_for
from queues import ended, messages, submit
from redis_assess import Worker

# Of a lease, in milliseconds. It is extended every third of it: a machine that stands still for a second must not end it.
SHORT = 2000
LONG = 600_000


def setUpModule():
    with redis_assess.connect() as assess:
        assess.tiers.set("keeping", "keeping:*", ttl=60, negative=60, wait_ms=50_000)


def fresh():
    return f"keeping:{uuid.uuid4().hex}"


class Leases(unittest.TestCase):
    def setUp(self):
        self.assess = redis_assess.connect(socket_timeout=60)
        self.addCleanup(self.assess.close)
        self.cache, self.key, self.tries = self.assess.cache, fresh(), []

    def long(self):
        """Computes until five heartbeats have reached the server, or another caller computes, too."""
        self.tries.append(1)
        if len(self.tries) == 1:
            repeated("cache.renew", 5, until=lambda: len(self.tries) > 1)
        return "value"

    def test_a_computation_longer_than_its_lease_keeps_it(self):
        with ThreadPoolExecutor(2) as callers:
            found = list(callers.map(lambda _: self.cache.get_or_compute(self.key, self.long, lease_ms=SHORT), range(2)))
        self.assertEqual((found, self.tries), ([b"value"] * 2, [1]))
        self.assertEqual(self.cache.get(self.key), b"value")

    def test_the_decorator_keeps_it_too(self):
        decorated = self.assess.cached(self.key, lease_ms=SHORT)(self.long)
        with ThreadPoolExecutor(2) as callers:
            self.assertEqual([call.result() for call in [callers.submit(decorated) for _ in range(2)]], ["value"] * 2)
        self.assertEqual(self.tries, [1])

    def test_coroutines_keep_it_too(self):
        async def long():
            return await asyncio.to_thread(self.long)

        async def main():
            async with redis_assess.asyncio.connect(socket_timeout=60) as assess:
                both = [assess.cache.get_or_compute(self.key, long, lease_ms=SHORT) for _ in range(2)]
                return await asyncio.gather(*both)

        self.assertEqual((asyncio.run(main()), self.tries), ([b"value"] * 2, [1]))

    def test_no_heartbeat_follows_the_end_of_a_computation(self):
        for failure in (None, ValueError("no such thing"), SystemExit(3)):
            self.key = fresh()

            def compute():
                repeated("cache.renew", 1)
                if failure:
                    raise failure
                return "value"

            try:
                self.cache.get_or_compute(self.key, compute, lease_ms=SHORT)
            except (ValueError, SystemExit) as error:
                self.assertIs(error, failure)
            before = calls("cache.renew")
            # The heartbeats of a later computation are the only ones.
            self.cache.get_or_compute(fresh(), lambda: repeated("cache.renew", 3) or "value", lease_ms=SHORT)
            self.assertLessEqual(calls("cache.renew") - before, 3 + 1)
            self.assertEqual(about(self.key)["lease_ms"], 0)

    def test_a_revoked_lease_gets_no_more_heartbeats_and_its_value_is_not_stored(self):
        def compute():
            self.cache.invalidate(keys=[self.key])
            wait_for(lambda: calls("cache.renew") > before, "no heartbeat")
            return "old"

        before = calls("cache.renew")
        self.assertEqual(self.cache.get_or_compute(self.key, compute, lease_ms=SHORT), b"old")
        self.assertIsNone(self.cache.get(self.key))

    def test_an_exit_ends_the_lease_and_another_caller_computes(self):
        """No failure: none is remembered."""

        def stops():
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.cache.get_or_compute(self.key, stops, lease_ms=LONG)
        self.assertEqual(self.cache.get_or_compute(self.key, lambda: "value", lease_ms=LONG), b"value")
        self.assertEqual(self.cache.get(self.key), b"value")

    def test_a_cancelled_coroutine_ends_the_lease_and_another_caller_computes(self):
        async def main():
            async with redis_assess.asyncio.connect(socket_timeout=60) as assess:
                begun = asyncio.Event()

                async def hangs():
                    begun.set()
                    await asyncio.Event().wait()

                task = asyncio.create_task(assess.cache.get_or_compute(self.key, hangs, lease_ms=LONG))
                await begun.wait()
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task

                async def value():
                    return "value"

                return await assess.cache.get_or_compute(self.key, value, lease_ms=LONG)

        self.assertEqual(asyncio.run(main()), b"value")
        self.assertEqual(self.cache.get(self.key), b"value")

    def test_a_failure_of_a_computation_is_reported_as_before(self):
        def fails():
            repeated("cache.renew", 4)
            raise ValueError("no such thing")

        with self.assertRaisesRegex(ValueError, "no such thing"):
            self.cache.get_or_compute(self.key, fails, lease_ms=SHORT)
        with self.assertRaisesRegex(redis_assess.Remembered, "no such thing"):
            self.cache.get_or_compute(self.key, fails)


class Waits(unittest.TestCase):
    """The timeout of replies is 0.3 s."""

    def setUp(self):
        self.patient = redis_assess.connect(socket_timeout=60)
        self.addCleanup(self.patient.close)
        self.key = fresh()
        self.token = self.patient.cache.fetch(self.key, lease_ms=LONG).token

    def fill_after_timeouts(self, waiting):
        """Fills the lease when the waiter has waited for several timeouts: a client without a reply sends PING."""
        wait_for(lambda: about(self.key)["waiters"] == 1 or waiting.done(), "no waiter")
        repeated("ping", 3, until=waiting.done)
        self.assertFalse(waiting.done())
        self.assertTrue(self.patient.cache.fill(self.key, self.token, "value"))

    def test_a_fetch_waits_as_long_as_the_tier_says(self):
        with redis_assess.connect(socket_timeout=0.3, fail_open=False) as assess:
            with in_background(assess.cache.fetch, self.key) as waiting:
                self.fill_after_timeouts(waiting)
                self.assertEqual(waiting.result()[:2], ("hit", b"value"))

    def test_a_fetch_waits_as_long_as_its_option_says(self):
        with redis_assess.connect(socket_timeout=0.3, fail_open=False) as assess:
            with in_background(lambda: assess.cache.get_or_compute(self.key, str, wait_ms=LONG)) as waiting:
                self.fill_after_timeouts(waiting)
                self.assertEqual(waiting.result(), b"value")

    def test_a_coroutine_waits_as_long_as_the_tier_says(self):
        async def main():
            async with redis_assess.asyncio.connect(socket_timeout=0.3, fail_open=False) as assess:
                return await assess.cache.fetch(self.key)

        with in_background(asyncio.run, main()) as waiting:
            self.fill_after_timeouts(waiting)
            self.assertEqual(waiting.result()[:2], ("hit", b"value"))

    def test_the_end_of_the_wait_is_a_reply(self):
        with redis_assess.connect(socket_timeout=0.3, fail_open=False) as assess:
            self.assertEqual(assess.cache.fetch(self.key, wait_ms=1000).state, "timeout")

    def test_a_server_that_stands_still_ends_the_wait(self):
        async def coroutine():
            async with redis_assess.asyncio.connect(socket_timeout=0.3, fail_open=False) as assess:
                await assess.cache.fetch(self.key)

        def function():
            with redis_assess.connect(socket_timeout=0.3, fail_open=False) as assess:
                assess.cache.fetch(self.key)

        for wait in (function, lambda: asyncio.run(coroutine())):
            with in_background(wait) as waiting:
                wait_for(lambda: about(self.key)["waiters"] == 1, "no waiter")
                with standing_still():
                    self.assertIsInstance(waiting.exception(), redis.TimeoutError)
            wait_for(lambda: about(self.key)["waiters"] == 0, "the waiter is still there")


class Claims(unittest.TestCase):
    """Claims that wait for longer than the timeout of replies."""

    def setUp(self):
        self.queue = f"claims:{uuid.uuid4().hex}"
        collected = messages()
        self.messages = collected.__enter__()
        self.addCleanup(collected.__exit__, None, None, None)

    def run_one_job(self):
        """A job that is submitted when the worker has claimed for several timeouts."""
        repeated("job.claim", 3)
        self.assertEqual(ended(self.queue, submit(self.queue, "job"))["status"], "completed")
        self.assertEqual(self.messages.texts, [])

    def test_a_worker_claims_without_timeouts(self):
        with redis_assess.connect(socket_timeout=0.3) as assess:
            worker = Worker(assess.client, self.queue, {"job": lambda payload, update: "done"}, block_ms=30_000)
            thread = threading.Thread(target=worker.run)
            thread.start()
            try:
                self.run_one_job()
            finally:
                worker.stop()
                thread.join()

    def test_a_worker_of_coroutines_claims_without_timeouts(self):
        async def job(payload, update):
            return "done"

        async def main():
            async with redis_assess.asyncio.connect(socket_timeout=0.3) as assess:
                worker = redis_assess.asyncio.Worker(assess.client, self.queue, {"job": job}, block_ms=30_000)
                running = asyncio.create_task(worker.run())
                try:
                    await asyncio.to_thread(self.run_one_job)
                finally:
                    worker.stop()
                    await running

        asyncio.run(main())


if __name__ == "__main__":
    unittest.main()
