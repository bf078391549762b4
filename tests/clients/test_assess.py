"""Errors, waits, jobs and types of redis_assess. REDIS_URL names a server with the module."""

import asyncio
import contextlib
import json
import re
import threading
import unittest
import uuid
from pathlib import Path
from typing import get_args, get_origin, get_type_hints, is_typeddict

import redis
import redis_assess.asyncio
from redis_assess import _documents, _replies, connect, errors
from redis_assess._models import Model

ROOT = Path(__file__).parents[2]
MINI = (ROOT / "samples/mini.csv").read_text()


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.assess = connect()
        cls.icio = cls.assess.io(f"errors-{uuid.uuid4().hex}")
        cls.icio.load(data=MINI)
        cls.icio.wait()

    @classmethod
    def tearDownClass(cls):
        cls.assess.close()

    def test_errors_have_the_class_of_their_code(self):
        cache = self.assess.cache
        for error, call in (
            (errors.NoModelError, lambda: self.assess.io("none").get("a", "b")),
            (errors.NoSubjectError, lambda: self.icio.get("a", "b")),
            (errors.NoIndicatorError, lambda: self.icio.get("USA", "C26", indicator="none")),
            (errors.BadFileError, lambda: self.assess.io("bad").load(data="no table")),
            (errors.TooBigError, lambda: self.icio.mget([("USA", "C26")] * 101)),
        ):
            with self.assertRaises(error) as raised:
                call()
            self.assertTrue(str(raised.exception).startswith(error.code + " "), raised.exception)
            self.assertIsInstance(raised.exception, redis.ResponseError)
        for wrong in (lambda: self.assess.io("x").load(data="", format="none"), lambda: cache.set("tierless", "v")):
            with self.assertRaises(redis.ResponseError) as raised:  # ERR: the caller's own mistake
                wrong()
            self.assertIs(type(raised.exception), redis.ResponseError)

    def test_every_code_of_the_server_has_a_class_or_is_of_redis(self):
        source = (ROOT / "src/error.rs").read_text()
        codes = set(re.findall(r'Self::\w+ => "([A-Z]+)"', source))
        of_redis = {"ERR", "WRONGTYPE", "READONLY", "NOPERM", "MOVED", "UNBLOCKED"}
        self.assertEqual(codes, set(errors.BY_CODE) | of_redis)

    def test_texts_become_errors(self):
        self.assertIs(type(errors.typed(redis.ResponseError("NOACK 127.0.0.1:1"))), errors.NoAckError)
        self.assertEqual(errors.LeaseLostError("LEASELOST invalidated: do not store").cause, "invalidated")
        self.assertEqual(errors.LeaseLostError("LEASELOST").cause, "unknown")
        for other in (redis.ResponseError("OTHER text"), redis.ResponseError(""), redis.exceptions.ReadOnlyError("BUSY x")):
            self.assertIs(errors.typed(other), other)

    def test_an_argument_that_is_missing_is_refused_before_anything_is_sent(self):
        for call in (self.icio.load, self.icio.footprint, lambda: self.icio.indicator("x", by="region"),
                     self.assess.cache.invalidate, lambda: self.assess.tiers.set("x", ttl=1),
                     lambda: self.icio.warm([("a", "b")], hot=1),
                     lambda: self.assess.score("x").batch_array(b"12345678" * 4, 1)):
            self.assertRaises((ValueError, TypeError), call)

    def test_the_class_of_an_element_that_failed(self):
        found = self.icio.mget([("USA", "C26"), ("USA", "XXX")])
        self.assertEqual((found[0]["subject"]["sector"], type(found[1])), ("C26", errors.NoSubjectError))


class Waits(unittest.TestCase):
    def test_a_load_may_take_longer_than_the_timeout_of_the_client(self):
        key = f"slow-{uuid.uuid4().hex}"
        with connect() as other, connect(socket_timeout=0.1) as assess:
            other.client.execute_command("CLIENT", "PAUSE", 500, "WRITE")
            try:
                self.assertEqual(assess.io(key).load(data=MINI)["kind"], "io")
            finally:
                other.client.execute_command("CLIENT", "UNPAUSE")

    def test_the_same_in_coroutines(self):
        async def run():
            async with redis_assess.asyncio.connect(socket_timeout=0.1) as assess:
                return (await assess.io(f"slow-{uuid.uuid4().hex}").load(data=MINI))["kind"]

        with connect() as other:
            other.client.execute_command("CLIENT", "PAUSE", 500, "WRITE")
            self.assertEqual(asyncio.run(run()), "io")

    def test_a_wait_ends_with_the_derivation_with_its_failure_and_with_the_timeout(self):
        def played(*states, **arguments):
            """`wait` without a server: the states that it gets."""
            steps = Model.wait.__wrapped__(Model(None, "m"), **arguments)
            step, left = next(steps), list(states)
            with contextlib.suppress(StopIteration):
                while True:
                    step = steps.send({"state": left.pop(0), "warnings": ["no memory"]} if hasattr(step, "words") else None)
            return left

        self.assertEqual(played("loading", "deriving", "ready", "left"), ["left"])
        self.assertRaisesRegex(errors.ModelFailed, "no memory", played, "deriving", "failed")
        self.assertRaisesRegex(TimeoutError, "deriving after 0 s", played, "deriving", timeout=0)
        with connect() as assess:
            self.assertRaises(errors.NoModelError, assess.io("none").wait)


class Jobs(unittest.TestCase):
    def test_a_worker_runs_what_is_submitted(self):
        def length(payload, update_progress):
            if not payload["text"]:
                raise redis_assess.GiveUp("no text")
            return len(payload["text"])

        with connect() as assess:
            queue = assess.queue(f"jobs-{uuid.uuid4().hex}")
            worker = redis_assess.Worker(assess.client, queue.key, {"length": length}, block_ms=100, decode=json.loads)
            thread = threading.Thread(target=worker.run)
            thread.start()
            try:
                self.assertEqual(queue.result(queue.submit("length", {"text": "four"}).id, timeout=20), b"4")
                with self.assertRaises(redis_assess.JobFailed) as raised, self.assertLogs("redis_assess"):
                    queue.result(queue.submit("length", {"text": ""}).id)
                self.assertEqual((raised.exception.status["status"], raised.exception.status["error"]), ("failed", "no text"))
            finally:
                worker.stop()
                thread.join()


class Documents(unittest.TestCase):
    def test_the_types_have_the_fields_of_the_schemas(self):
        for name in ("io", "io-whatif", "io-compare", "io-footprint", "io-dependents", "io-profile", "score", "origin"):
            schema = json.loads((ROOT / f"docs/assessment-{name}.schema.json").read_text())
            path = f"docs/assessment-{name}.schema.json"
            types = [one for one in vars(_documents).values() if is_typeddict(one) and path in (one.__doc__ or "")]
            self.assertEqual(len(types), 1, path)
            self.same(types[0], schema, schema, path)

    def same(self, kind, schema, root, path):
        """The names and the optional fields of a type, and of what is in it."""
        if "$ref" in schema:
            schema = root["$defs"][schema["$ref"].split("/")[-1]]
        hints = get_type_hints(kind)
        self.assertEqual(set(hints), set(schema["properties"]), path)
        self.assertEqual(kind.__required_keys__, set(schema["required"]), path)
        for name, inner in schema["properties"].items():
            hint = hints[name]
            if is_typeddict(hint):
                self.same(hint, inner, root, f"{path} {name}")
            elif get_origin(hint) is list and is_typeddict(get_args(hint)[0]):
                self.same(get_args(hint)[0], inner["items"], root, f"{path} {name}")

    def test_the_status_of_a_job_has_the_fields_of_its_page(self):
        reply = re.search(r"map of (.*) \|", (ROOT / "docs/commands/job.status.md").read_text())[1]
        self.assertEqual(set(get_type_hints(_documents.JobStatus)), set(reply.split(", ")))

    def test_figures_of_both_protocols(self):
        self.assertEqual(_replies.figures([b"a", 1, b"b", b"0.5", b"c", b"text"]), {"a": 1, "b": 0.5, "c": "text"})
        self.assertEqual(_replies.figures({b"a": 1, b"b": 0.5}), {"a": 1, "b": 0.5})


if __name__ == "__main__":
    unittest.main()
