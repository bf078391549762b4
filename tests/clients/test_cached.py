"""The decorators of redis_assess on threads. REDIS_URL names a server with the module."""

import contextlib
import socket
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import redis
import redis_assess.decorators as here
from queues import Relay
from redis_assess import NoLife, Remembered, cache_invalidate, cached, invalidate
from redis_assess._sync import client as connected
from redis_assess.decorators import client, key_of

CALLERS = 20


class Cached(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        client.execute_command("TIER.SET", "sync", "PATTERN", "sync:*", "TTL", 60, "NEGATIVE", 60, "WAIT", 9000)

    def test_twenty_callers_share_one_computation(self):
        computed, barrier = [], threading.Barrier(CALLERS)

        @cached("sync:square", ttl=60)
        def square(x):
            computed.append(x)
            await_waiters(CALLERS - 1)  # computes until all callers have requested the value
            return {"square": x * x}

        def ask(_):
            barrier.wait()
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

    def test_entries_in_no_tier_are_invalidated_too(self):
        computed = []

        @cached("tierless:recommendations", ttl=60)
        def recommendations(user, top=10):
            return len(computed) or computed.append(user) or 0

        @cache_invalidate("tierless:recommendations:{user}:*", "sync:nothing:*")
        def save(user):
            pass

        self.assertEqual([recommendations("ann"), recommendations("ann")], [0, 0])
        save("bob")
        self.assertEqual(recommendations("ann"), 0)
        save("ann")
        self.assertEqual(recommendations("ann"), 1)

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

    def test_invalidation_counts_its_entries_and_keeps_the_others(self):
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

    def test_several_patterns_count_together(self):
        @cached("sync:left")
        def left(x):
            return x

        @cached("sync:right")
        def right(x):
            return x

        left(1), right(1), right(2)
        self.assertEqual(invalidate("sync:left:*", "sync:right:*"), 3)

    def test_a_pattern_that_names_no_argument_is_refused_at_its_declaration(self):
        def save(user, *rest):
            pass

        for pattern in ("sync:{usr}:*", "sync:{rest}:*", "sync:{}:*"):
            with self.assertRaisesRegex(ValueError, "no argument"):
                cache_invalidate(pattern)(save)
        with self.assertRaises(ValueError):
            cache_invalidate()(save)
        for pattern in ("sync:{user!r}", "sync:{user:>9}"):
            with self.assertRaisesRegex(ValueError, "without a format"):
                cache_invalidate(pattern)(save)
        # The braces of a cluster's hash tag are doubled.
        self.assertEqual(here.pattern_of("{{sync}}:{user}:*", save, ("ann",), {}), "{sync}:ann:*")

    def test_a_key_without_a_time_to_live_is_refused_before_anything_is_computed(self):
        computed = []

        @cached("without_ttl")
        def without_ttl(x):
            computed.append(x)

        for _ in range(2):
            with self.assertRaisesRegex(NoLife, "without_ttl:=1:"):
                without_ttl(1)
        self.assertEqual(computed, [])
        self.assertEqual(client.info("assess")["assess_cache_leases"], 0)
        self.assertEqual(cached("without_ttl", ttl=60)(lambda x: x)(1), 1)

    def test_time_to_live_and_lease_are_given_by_name(self):
        with self.assertRaises(TypeError):
            cached("sync:x", 60)

    def test_a_method_needs_self_key_to_name_its_instance_in_the_key(self):
        class Shop:
            def __init__(self, name):
                self.name, self.computed = name, 0

            @cached("sync:price", self_key=lambda shop: shop.name)
            def price(self, item):
                self.computed += 1
                return f"{self.name} {item}"

            @cache_invalidate("sync:price:{self}:*", self_key=lambda shop: shop.name)
            def restock(self):
                pass

            @classmethod
            @cached("sync:kind", self_key=lambda kind: kind.__name__)
            def kind(cls):
                return cls.__name__

            @cached("sync:forgotten")
            def forgotten(self):
                pass

        north, again, south = Shop("north"), Shop("north"), Shop("south")
        self.assertEqual([shop.price("tea") for shop in (north, again, south)], ["north tea", "north tea", "south tea"])
        self.assertEqual([shop.computed for shop in (north, again, south)], [1, 0, 1])
        again.restock()
        north.price("tea"), south.price("tea")
        self.assertEqual([north.computed, south.computed], [2, 1])
        self.assertEqual([Shop.kind(), type("Stall", (Shop,), {}).kind()], ["Shop", "Stall"])
        with self.assertRaisesRegex(TypeError, "forgotten.*self_key"):
            north.forgotten()

    def test_while_redis_is_unreachable_values_are_computed_and_a_warning_is_logged(self):
        with unreachable() as other:
            self.assert_fails_open(redis.ConnectionError, other)

    def test_a_server_that_does_not_reply_counts_as_unreachable(self):
        with silent() as mute:
            self.assert_fails_open(redis.TimeoutError, mute)

    def assert_fails_open(self, error, elsewhere):
        def double(x):
            return 2 * x

        with use(elsewhere):
            with self.assertLogs("redis_assess", "WARNING") as logged:
                self.assertEqual(cached("sync:open")(double)(4), 8)
            self.assertIn("sync:open:=4:", logged.output[0])
            with self.assertRaises(error):
                cached("sync:closed", fail_open=False)(double)(4)

    def test_a_value_that_can_no_longer_be_stored_is_returned(self):
        relay = Relay()
        relay.listen()

        @cached("sync:late", client=connected(relay.url))
        def late():
            relay.hang_up()
            return "in time"

        with self.assertLogs("redis_assess", "WARNING") as logged:
            self.assertEqual(late(), "in time")
        self.assertIn("computed but not stored", logged.output[0])

    def test_a_change_whose_invalidation_fails_is_an_error(self):
        changed = []
        with unreachable() as other, use(other), self.assertRaises(redis.ConnectionError):
            cache_invalidate("sync:*")(changed.append)(1)
        self.assertEqual(changed, [1])

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


@contextlib.contextmanager
def use(other):
    """Makes the decorators use another server."""
    here.client, kept = other, here.client
    try:
        yield
    finally:
        here.client = kept


@contextlib.contextmanager
def unreachable():
    """A client of a port without a listener."""
    with socket.socket() as bound:  # no other process can listen there
        bound.bind(("127.0.0.1", 0))
        yield connected(f"redis://127.0.0.1:{bound.getsockname()[1]}")


@contextlib.contextmanager
def silent():
    """A client of a server that accepts connections and never replies."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield connected(f"redis://127.0.0.1:{listening.getsockname()[1]}", socket_timeout=0.2)


def await_waiters(count):
    while int(client.info("clients")["blocked_clients"]) < count:
        threading.Event().wait(0.003)


if __name__ == "__main__":
    unittest.main()
