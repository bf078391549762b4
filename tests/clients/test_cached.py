"""The decorators of clients/python/cached.py on threads. REDIS_URL names a server with the module."""

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import cached as here
from cached import Remembered, cache_invalidate, cached, client, invalidate, key_of

CALLERS = 20


class Cached(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        client.execute_command("TIER.SET", "sync", "PATTERN", "sync:*", "TTL", 60, "NEGATIVE", 60)

    def test_twenty_callers_share_one_computation(self):
        computed, all_ask = [], threading.Barrier(CALLERS)

        @cached("sync:square", ttl=60)
        def square(x):
            computed.append(x)
            await_waiters(CALLERS - 1)  # the value is not there before everybody has asked
            return {"square": x * x}

        def ask(_):
            all_ask.wait()
            return square(7)

        with ThreadPoolExecutor(CALLERS) as callers:
            answers = list(callers.map(ask, range(CALLERS)))
        self.assertEqual(answers, [{"square": 49}] * CALLERS)
        self.assertEqual(computed, [7])
        self.assertEqual(square(x=7), {"square": 49})
        self.assertEqual(computed, [7])

    def test_a_value_invalidated_while_it_is_computed_is_returned_and_not_stored(self):
        source = ["old"]

        @cached("sync:source")
        def read():
            seen = source[0]
            if seen == "old":
                source[0] = "new"
                invalidate("sync:source:*")
            return seen

        self.assertEqual([read(), read(), read()], ["old", "new", "new"])

    def test_an_exception_is_raised_and_remembered(self):
        tries = []

        @cached("sync:fails")
        def fails():
            tries.append(1)
            raise ValueError("no such thing")

        with self.assertRaisesRegex(ValueError, "no such thing"):
            fails()
        with self.assertRaisesRegex(Remembered, "ValueError: no such thing"):
            fails()
        self.assertEqual(len(tries), 1)

    def test_invalidation_counts_and_spares_the_others(self):
        @cached("sync:profile")
        def profile(user, page=0):
            return [user, page]

        @cache_invalidate("sync:profile:{user}:*")
        def save(user, fields):
            return "saved"

        for page in range(3):
            profile("ann", page)
        profile("anna")
        profile("*")
        self.assertEqual(save("*", {}), "saved")
        self.assertEqual(client.exists(key_of("sync:profile", profile.__wrapped__, ("anna",), {})), 1)
        self.assertEqual(invalidate("sync:profile:ann:*"), 3)
        self.assertEqual(invalidate("sync:profile:*"), 1)

    def test_different_arguments_never_share_a_key(self):
        def f(*args, **kwargs):
            pass

        lists = [
            ((), {}), (("",), {}), (("", ""), {}), (("a", "b"), {}), (("a:b",), {}), (("a",), {"b": 1}),
            (("a", {"b": 1}), {}), (("a", "b=1"), {}), ((1,), {}), (("1",), {}), ((1.0,), {}), ((True,), {}),
            ((None,), {}), (("null",), {}), (("=1",), {}), ((["a"],), {}), (([],), {}), (({},), {}), (("é",), {}),
        ]
        keys = {here.key_of("p", f, args, kwargs) for args, kwargs in lists}
        self.assertEqual(len(keys), len(lists))
        for refused in [(1, 2), {1: 2}, object(), float("nan"), {1}]:
            with self.assertRaises(TypeError):
                here.key_of("p", f, (refused,), {})


def await_waiters(count):
    while int(client.info("clients")["blocked_clients"]) < count:
        threading.Event().wait(0.003)


if __name__ == "__main__":
    unittest.main()
