"""redis_assess over a RedisCluster of redis-py: keys are routed, commands for all masters reach them.

REDIS_PORTS names the ports of three masters, TABLE a file with the table of the models.
"""

import asyncio
import os
import threading
import unittest
from pathlib import Path

import redis
import redis.asyncio
import redis_assess.asyncio

PORTS = [int(port) for port in os.environ["REDIS_PORTS"].split(",")]
TABLE = Path(os.environ["TABLE"]).read_text()
KEYS = [f"cluster:{number}" for number in range(30)]


class Cluster(unittest.TestCase):
    def setUp(self):
        self.client = redis.RedisCluster(host="127.0.0.1", port=PORTS[0], socket_timeout=30)
        self.assess = redis_assess.Assess(self.client)
        self.addCleanup(self.assess.close)

    def test_entries_of_all_masters(self):
        cache, tiers = self.assess.cache, self.assess.tiers
        tiers.set("cluster", "cluster:*", ttl=60)
        cache.invalidate("cluster:*")
        links = [redis.Redis(port=port) for port in PORTS]
        for link in links:
            self.assertIn("cluster", redis_assess.Assess(link).tiers.list())
        for key in KEYS:
            self.assertTrue(cache.set(key, "v", tags=["t"]))
        self.assertEqual({cache.get(key) for key in KEYS}, {b"v"})
        self.assertTrue(all(link.dbsize() > 0 for link in links))
        self.assertEqual(cache.stats("cluster")["entries"], len(KEYS))
        self.assertEqual(len(cache.hot("cluster", n=30)), len(KEYS))
        self.assertEqual(cache.invalidate(keys=KEYS[:1]), 1)
        self.assertEqual(cache.invalidate(tags=["t"]), len(KEYS) - 1)
        self.assertEqual([cache.get(key) for key in KEYS], [None] * len(KEYS))
        self.assertGreater(len(cache.health().checks), 3 * 5)
        self.assertEqual(cache.get_or_compute("cluster:computed", lambda: "v"), b"v")
        cached = self.assess.cached("cluster:square")(lambda x: x * x)
        self.assertEqual([cached(3), cached(3)], [9, 9])
        self.assertEqual(redis_assess.invalidate("cluster:square:*", client=self.client), 1)
        self.assertTrue(tiers.delete("cluster"))
        self.assertIn("assessment", tiers.list())
        for link in links:
            link.close()

    def test_models_of_all_masters(self):
        keys = [f"model:{number}" for number in range(6)]
        for key in keys:
            model = self.assess.io(key)
            model.load(data=TABLE)
            self.assertEqual(model.wait()["nodes"], len(model.labels("nodes")))
            self.assertEqual(model.get("USA", "C10")["model"], key)
            job = model.warm([("USA", "C10")])
            self.assertEqual(model.jobs.wait(job, timeout=30)["status"], "completed")
        self.assertEqual(set(self.assess.models("model:*")), set(keys))
        self.assertGreaterEqual(self.assess.cache.invalidate(models=keys), len(keys))

    def test_a_worker_runs_jobs_of_any_node(self):
        queue = self.assess.queue("cluster-jobs")
        worker = redis_assess.Worker(self.assess.client, queue.key, {"echo": lambda payload, _: payload}, block_ms=100)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            self.assertEqual(queue.result(queue.submit("echo", "text").id, timeout=20), b"text")
        finally:
            worker.stop()
            thread.join()

    def test_in_coroutines(self):
        async def run():
            client = redis.asyncio.RedisCluster(host="127.0.0.1", port=PORTS[0])
            async with redis_assess.asyncio.Assess(client) as assess:
                await assess.tiers.set("tasks", "tasks:*", ttl=60)
                for number in range(10):
                    await assess.cache.set(f"tasks:{number}", "v")
                count = await assess.cache.invalidate("tasks:*")
                await assess.cache.fetch("tasks:x")
                return count, await assess.tiers.delete("tasks"), await assess.models("none*")

        self.assertEqual(asyncio.run(run()), (10, True, []))


if __name__ == "__main__":
    unittest.main()
