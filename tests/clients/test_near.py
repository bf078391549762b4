"""The near cache of redis_assess. REDIS_URL names a server with the module."""

import os
import threading
import time
import unittest
import uuid

import redis
from redis_assess import connect
from redis_assess._near import changes


class Near(unittest.TestCase):
    def setUp(self):
        self.far, self.assess = connect(), connect(near=10, fail_open=False)
        self.addCleanup(self.far.close)
        self.addCleanup(self.assess.close)
        self.near = self.assess.cache
        self.tier = f"near-{uuid.uuid4().hex}"
        self.key = f"{self.tier}:1"
        self.far.tiers.set(self.tier, f"{self.tier}:*", ttl=60, grace=60)
        self.far.cache.set(self.key, "one", tags=["t"])

    def requests(self):
        """How many reads of the tier have reached the server."""
        return self.far.cache.stats(self.tier)["total_requests"]

    def assert_reads(self, value, count):
        """Reads of the entry twice, of which the server gets so many."""
        before = self.requests()
        self.assertEqual([self.near.get(self.key), self.near.get(self.key)], [value, value])
        self.assertEqual(self.requests() - before, count)

    def assert_dropped(self, change, value):
        """A copy is read until the change. The message of the change may arrive after its reply."""
        self.near.get(self.key)
        self.assert_reads(b"one", 0)
        change()
        until(lambda: self.near.get(self.key) == value)

    def test_a_copy_is_read_without_the_server(self):
        self.assert_reads(b"one", 1)
        self.assert_reads(b"one", 0)

    def test_an_invalidation_drops_the_copy(self):
        self.assert_dropped(lambda: self.far.cache.invalidate(tags=["t"]), None)

    def test_changes_through_the_same_object_are_seen_immediately(self):
        cache = self.assess.cache
        cache.get(self.key)
        self.assess._sync.near._take_messages = lambda: None  # only the commands themselves drop copies
        cache.set(self.key, "two")
        self.assertEqual(cache.get(self.key), b"two")
        cache.mset({f"{self.tier}:2": "v", self.key: "three"})
        self.assertEqual(cache.get(self.key), b"three")
        cache.invalidate(f"{self.tier}:*")
        self.assertIsNone(cache.get(self.key))
        self.assertEqual(cache.get_or_compute(self.key, lambda: "four"), b"four")
        self.assertEqual(cache.get(self.key), b"four")
        self.assertEqual([changes(("CACHE.FILL", "k", "token", "v")), changes(("CACHE.GET", "k"))], [("k",), ()])

    def test_a_soft_invalidation_drops_the_copy(self):
        self.assert_dropped(lambda: self.far.cache.invalidate(keys=[self.key], soft=True), None)

    def test_a_write_drops_the_copy(self):
        self.assert_dropped(lambda: self.far.cache.set(self.key, "two"), b"two")

    def test_a_deletion_by_a_plain_command_drops_the_copy(self):
        self.assert_dropped(lambda: self.far.client.delete(self.key), None)

    def test_a_flush_drops_all_copies(self):
        self.assert_dropped(self.far.client.flushdb, None)

    def test_a_copy_is_not_read_when_its_entry_has_become_stale(self):
        """The entry is kept for its grace, and the server sends no message."""
        begin = time.monotonic()
        self.near.get(self.key)
        copies = self.assess._sync.near.copies
        ((key, copy),) = copies.items()
        self.assertTrue(begin < copy.fresh_until <= time.monotonic() + 60, copy)
        copies[key] = copy._replace(fresh_until=time.monotonic())
        self.assert_reads(b"one", 1)
        self.far.cache.set(self.key, "always", persist=True)
        until(lambda: self.near.get(self.key) == b"always")
        self.assertEqual(copies[key].fresh_until, float("inf"))

    def test_the_number_of_copies_is_limited(self):
        for number in range(30):
            self.far.cache.set(f"{self.tier}:{number}", "v")
            self.near.get(f"{self.tier}:{number}")
        self.assertEqual(len(self.assess._sync.near.copies), 10)

    def test_an_error_of_the_server_leaves_no_trace(self):
        self.far.client.delete(self.key)
        self.far.client.hset(self.key, "field", "v")
        for _ in range(2):
            self.assertRaises(redis.ResponseError, self.near.get, self.key)
        self.far.client.delete(self.key)
        self.far.cache.set(self.key, "again")
        until(lambda: self.near.get(self.key) == b"again")

    def test_a_lost_connection_drops_all_copies(self):
        self.near.get(self.key)
        self.far.client.client_kill_filter(_id=self.assess._sync.near.reader.client_id())
        self.far.cache.set(self.key, "two")
        until(lambda: self.near.get(self.key) == b"two")

    def test_other_commands_of_the_client_have_no_copies(self):
        read = ("CACHE.GET", self.key)
        self.assertEqual(self.assess.client.execute_command(*read), "one")
        self.assertEqual(self.assess.client.get("absent"), None)

    def test_a_user_without_the_permission_gets_the_error(self):
        name = self.tier
        self.far.client.execute_command("ACL", "SETUSER", name, "on", ">secret", "~*", "&*", "+@all", "-client|tracking")
        try:
            with connect(near=10, username=name, password="secret") as assess:
                for _ in range(2):
                    self.assertRaises(redis.exceptions.NoPermissionError, assess.cache.get, self.key)
                self.assertIsNone(assess._sync.near.client)
        finally:
            self.far.client.execute_command("ACL", "DELUSER", name)

    def test_copies_of_redis_py_read_by_plain_get_are_dropped_by_an_invalidation(self):
        """The client-side caching that redis-py has for its own commands."""
        server = self.far.client.info("server")
        version = tuple(map(int, server["redis_version"].split(".")[:2]))
        if int(redis.__version__.split(".")[0]) < 8 or server.get("server_name", "redis") != "redis" or version < (7, 4):
            self.skipTest("redis-py refuses this server, or has no copies")
        from redis.cache import CacheConfig

        self.far.cache.set(self.key, "plain")  # without tags: a string
        with connect(protocol=3, cache_config=CacheConfig()) as assess:
            read = [assess.client.get(self.key), assess.client.get(self.key)]
            self.assertEqual((read, assess.client.get_cache().size), (["plain"] * 2, 1))
            self.far.cache.invalidate(f"{self.tier}:*")
            until(lambda: assess.client.get(self.key) is None)
            self.assertEqual(assess.client.get_cache().size, 0)

    def test_a_fork_has_a_connection_of_its_own(self):
        self.near.get(self.key)
        child = os.fork()
        if child == 0:
            os._exit(0 if self.near.get(self.key) == b"one" else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assert_reads(b"one", 0)

    def test_threads_that_read_while_the_entry_changes_see_the_last_value(self):
        """Reads of threads that do not get their turn are on other connections."""
        seen = []

        def read():
            last = -1
            while last != 199:
                last = int(self.near.get(self.key))
            seen.append(last)

        self.far.cache.set(self.key, 0)
        threads = [threading.Thread(target=read, daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        for number in range(1, 200):
            self.far.cache.set(self.key, number)
        for thread in threads:
            thread.join(20)
        self.assertEqual(seen, [199] * 8)


def until(holds):
    """Waits for a message of the server."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "no message has come"
        threading.Event().wait(0.003)


if __name__ == "__main__":
    unittest.main()
