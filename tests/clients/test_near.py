"""The near cache of redis_assess. REDIS_URL names a server with the module.

redis-py allows client-side caching with Redis 7.4 or later: with other servers the test is that a read is refused.
"""

import os
import threading
import unittest
import uuid

import redis
from redis_assess import connect


class Near(unittest.TestCase):
    def setUp(self):
        self.far, self.assess = connect(), connect(near=10, fail_open=False)
        self.addCleanup(self.far.close)
        self.addCleanup(self.assess.close)
        self.near = self.assess.cache
        server = self.far.client.info("server")
        version = tuple(map(int, server["redis_version"].split(".")[:2]))
        if server.get("server_name", "redis") != "redis" or version < (7, 4):
            for assess in (self.assess, connect(near=10)):  # the server is not away: fail_open does not hide it
                self.assertRaisesRegex(redis.ConnectionError, "Redis 7.4 or later", assess.cache.get, "k")
            self.assess.cache.set("near:other", "v", ttl=1)  # everything else works
            self.skipTest("this server has no client-side caching for redis-py")
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

    def assert_dropped(self, change, value, count=1):
        self.near.get(self.key)
        self.assert_reads(b"one", 0)
        change()
        self.assert_reads(value, count)

    def test_a_copy_is_read_without_the_server(self):
        self.assert_reads(b"one", 1)
        self.assert_reads(b"one", 0)

    def test_an_invalidation_drops_the_copy(self):
        self.assert_dropped(lambda: self.far.cache.invalidate(tags=["t"]), None, 2)

    def test_an_invalidation_of_the_same_program_drops_the_copy(self):
        self.assert_dropped(lambda: self.assess.cache.invalidate(f"{self.tier}:*"), None, 2)

    def test_a_soft_invalidation_drops_the_copy(self):
        self.assert_dropped(lambda: self.far.cache.invalidate(keys=[self.key], soft=True), None, 2)

    def test_a_write_drops_the_copy(self):
        self.assert_dropped(lambda: self.far.cache.set(self.key, "two"), b"two")

    def test_a_deletion_by_a_plain_command_drops_the_copy(self):
        self.assert_dropped(lambda: self.far.client.delete(self.key), None, 2)

    def test_a_flush_drops_all_copies(self):
        self.near.get(self.key)
        self.far.client.flushdb()
        self.assertIsNone(self.near.get(self.key))

    def test_a_copy_is_not_read_when_its_entry_has_become_stale(self):
        """The entry is kept for its grace, and the server sends no message."""
        self.far.tiers.set(self.tier, f"{self.tier}:*", ttl=1, grace=60)
        self.far.cache.set(self.key, "short")
        self.assert_reads(b"short", 1)
        while self.near.get(self.key) is not None:
            threading.Event().wait(0.003)
        self.assertEqual(self.far.cache.ttl(self.key)["stale"], 1)
        self.assert_reads(None, 2)
        self.assertEqual(self.near.get(self.key, stale=True), b"short")

    def test_the_number_of_copies_is_limited(self):
        for number in range(30):
            self.far.cache.set(f"{self.tier}:{number}", "v")
            self.near.get(f"{self.tier}:{number}")
        self.assertEqual(self.assess._sync.near.client.get_cache().size, 10)

    def test_an_error_of_the_server_leaves_no_trace(self):
        self.far.client.delete(self.key)
        self.far.client.hset(self.key, "field", "v")
        for _ in range(2):
            self.assertRaises(redis.ResponseError, self.near.get, self.key)
        self.far.client.delete(self.key)
        self.far.cache.set(self.key, "again")
        self.assertEqual([self.near.get(self.key), self.near.get(self.key)], [b"again"] * 2)

    def test_a_lost_connection_drops_all_copies(self):
        self.near.get(self.key)
        self.far.client.client_kill_filter(_id=self.assess._sync.near.client.client_id())
        self.far.cache.set(self.key, "two")
        self.assertEqual(self.near.get(self.key), b"two")

    def test_other_commands_of_the_client_have_no_copies(self):
        read = ("CACHE.GET", self.key)
        self.assertEqual(self.assess.client.execute_command(*read), "one")
        self.assertEqual(self.assess.client.get("absent"), None)

    def test_a_fork_has_a_connection_of_its_own(self):
        self.near.get(self.key)
        child = os.fork()
        if child == 0:
            os._exit(0 if self.near.get(self.key) == b"one" else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assert_reads(b"one", 0)

    def test_threads_that_read_while_the_entry_changes_see_values_in_their_order(self):
        """Copies of redis-py on several connections wait for replies that do not come, see _near.py."""
        ended, wrong, reads = threading.Event(), [], []

        def read():
            last = count = 0
            while not ended.is_set():
                value = int(self.near.get(self.key))
                count += 1
                if value < last:
                    wrong.append((last, value))
                last = value
            reads.append(count)

        self.far.cache.set(self.key, 0)
        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for number in range(1, 500):
            self.far.cache.set(self.key, number)
        ended.set()
        for thread in threads:
            thread.join(20)
        self.assertFalse(any(thread.is_alive() for thread in threads))
        self.assertEqual((wrong[:3], len(reads)), ([], 8))
        self.assertEqual(self.near.get(self.key), b"499")


if __name__ == "__main__":
    unittest.main()
