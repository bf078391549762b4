"""The worker of redis_assess on threads. REDIS_URL names a server with the module."""

import contextlib
import faulthandler
import json
import signal
import threading
import unittest

import redis
from queues import URL, Relay, client, ended, largest_payload, messages, other_process, status, submit
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis_assess import GiveUp, Worker

# A worker in a process of its own. Its handler prints a line and then waits for its end.
PROCESS = f"""
import redis, redis_assess
def hang(payload, update_progress):
    print("begun", flush=True)
    {{wait}}
    return "finished"
one = redis_assess.Worker(redis.Redis.from_url({URL!r}), {{queue!r}}, {{{{"hang": hang}}}}, lease_ms={{lease_ms}})
one.stop_on_signals()
one.run()
"""


class Workers(unittest.TestCase):
    def setUp(self):
        self.queue = f"sync:{self.id()}"
        collected = messages()
        self.messages = collected.__enter__()
        self.addCleanup(collected.__exit__, None, None, None)

    @contextlib.contextmanager
    def working(self, handlers, through=client, **settings):
        """A worker on a thread; at the end it is stopped and has returned."""
        worker = Worker(through, self.queue, handlers, **{"block_ms": 100, **settings})
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield worker
        finally:
            worker.stop()
            thread.join()

    def result_of(self, handler, *options, payload=b"", **settings):
        """The status of a job that a worker has run with this handler."""
        with self.working({"job": handler}, **settings):
            return ended(self.queue, submit(self.queue, "job", payload, *options))

    def test_a_job_runs_and_its_result_is_stored(self):
        results = (("text", "text"), (b"bytes", "bytes"), ({"n": [1]}, '{"n": [1]}'), (None, "null"))
        for given, stored in results:
            found = self.result_of(lambda payload, update_progress: given)
            self.assertEqual((found["status"], found["result"]), ("completed", stored))

    def test_a_handler_gets_the_bytes_in_both_protocols_and_what_decode_makes_of_them(self):
        for protocol in (2, 3):
            for decoded in (False, True):
                with redis.Redis.from_url(URL, protocol=protocol, decode_responses=decoded) as through:
                    found = self.result_of(lambda payload, _: repr(payload), payload=b"\xff\0", through=through)
                    self.assertEqual(found["result"], repr(b"\xff\0"))
        found = self.result_of(lambda payload, _: payload["n"] + 1, payload='{"n": 41}', decode=json.loads)
        self.assertEqual(found["result"], "42")

    def test_a_handler_knows_its_job(self):
        def handler(payload, update_progress):
            return f"{update_progress.id} {update_progress.attempt} {update_progress.metadata.decode()}"

        found = self.result_of(handler, "ID", "order 7", "METADATA", '{"user":7}', name="one")
        self.assertEqual(found["result"], 'order 7 1 {"user":7}')
        self.assertEqual(found["worker"], "one")

    def test_progress_is_visible_while_the_job_runs(self):
        seen = threading.Event()

        def handler(payload, update_progress):
            update_progress(30.5, "reading")
            seen.wait()

        with self.working({"job": handler}, lease_ms=600_000):
            job = submit(self.queue, "job")
            wait_until(lambda: status(self.queue, job)["progress"] == 30)
            self.assertEqual(status(self.queue, job)["progress_message"], "reading")
            seen.set()

    def test_a_progress_outside_of_0_to_100_is_an_error_of_the_handler(self):
        for percent in (-1, 101, float("nan")):
            found = self.result_of(lambda payload, update_progress: update_progress(percent), "RETRIES", 0)
            self.assertEqual(found["status"], "failed")
            self.assertIn("0 to 100", found["error"])

    def test_a_job_that_raises_an_exception_is_run_again_and_fails_with_a_traceback(self):
        def divides(payload, update_progress):
            return 1 / 0

        found = self.result_of(divides, "RETRIES", 1, "BACKOFF", 1)
        self.assertEqual((found["status"], found["attempts"], found["error"]), ("failed", 2, "division by zero"))
        self.assertIn("in divides", found["traceback"])
        self.messages.expect("failed in attempt 2")

    def test_a_job_that_gives_up_is_not_run_again(self):
        def hopeless(payload, update_progress):
            raise GiveUp("no such user \udcff")  # invalid Unicode

        found = self.result_of(hopeless)
        self.assertEqual((found["status"], found["attempts"]), ("failed", 1))
        self.assertEqual(found["error"], "no such user \\udcff")

    def test_a_handler_that_exits_fails_only_its_job(self):
        self.assertEqual(self.result_of(lambda payload, _: exit(3), "RETRIES", 0)["error"], "3")
        self.assertEqual(self.result_of(lambda payload, _: "fine")["result"], "fine")

    def test_a_result_that_is_too_large_fails_the_job_without_another_run(self):
        with largest_payload(10):
            found = self.result_of(lambda payload, _: "eleven more")
        self.assertEqual((found["status"], found["attempts"]), ("failed", 1))
        self.assertIn("TOOBIG", found["error"])

    def test_more_jobs_can_run_at_a_time_than_one_claim_brings(self):
        self.assertEqual(self.result_of(lambda payload, _: "done", concurrency=1000)["result"], "done")

    def test_a_cancellation_reaches_a_running_handler(self):
        begun, stopped = threading.Event(), []

        def handler(payload, update_progress):
            begun.set()
            update_progress.stopped.wait()
            stopped.append(1)
            try:
                update_progress(50)
            except Exception:
                self.fail("a handler that catches its own errors must not catch a cancellation")

        with self.working({"job": handler}, lease_ms=300):
            job = submit(self.queue, "job")
            begun.wait()
            client.execute_command("JOB.CANCEL", self.queue, job)
            found = ended(self.queue, job)
        self.assertEqual((found["status"], found["error"], stopped), ("cancelled", "cancelled", [1]))

    def test_the_heartbeat_keeps_a_job_longer_than_its_lease(self):
        later = threading.Event()
        handlers = {"long": lambda payload, _: later.wait(), "later": lambda payload, _: later.set()}
        with self.working(handlers, lease_ms=300, concurrency=2):
            job = submit(self.queue, "long")
            submit(self.queue, "later", b"", "DELAY", 1200)
            found = ended(self.queue, job)
        self.assertEqual((found["status"], found["attempts"]), ("completed", 1))

    def test_concurrent_jobs_run_at_the_same_time(self):
        together = threading.Barrier(4)
        with self.working({"job": lambda payload, _: together.wait()}, concurrency=4):
            jobs = [submit(self.queue, "job") for _ in range(4)]
            self.assertEqual({ended(self.queue, job)["status"] for job in jobs}, {"completed"})

    def test_a_graceful_stop_ends_the_running_job_and_claims_no_more(self):
        begun, release = threading.Event(), threading.Event()

        def handler(payload, update_progress):
            begun.set()
            release.wait()

        with self.working({"job": handler}) as worker:
            first, second = submit(self.queue, "job"), submit(self.queue, "job")
            begun.wait()
            worker.stop()
            release.set()
        self.assertEqual(status(self.queue, first)["status"], "completed")
        self.assertEqual(status(self.queue, second)["status"], "pending")

    def test_a_job_that_outlasts_the_grace_is_run_by_another_worker(self):
        begun = threading.Event()

        def handler(payload, update_progress):
            begun.set()
            update_progress.stopped.wait()
            return "late"

        with self.working({"job": handler}, lease_ms=300, grace=0):
            job = submit(self.queue, "job")
            begun.wait()
        self.messages.expect("has not ended in 0 s")
        with self.working({"job": lambda payload, _: "in time"}):
            found = ended(self.queue, job)
        self.assertEqual((found["result"], found["attempts"]), ("in time", 2))

    def test_the_job_of_a_killed_worker_is_run_by_another(self):
        job = submit(self.queue, "hang")
        script = PROCESS.format(queue=self.queue, wait="update_progress.stopped.wait()", lease_ms=500)
        with other_process(script) as process:
            process.kill()
            process.wait()
            with self.working({"hang": lambda payload, update_progress: update_progress.attempt}):
                self.assertEqual(ended(self.queue, job)["result"], "2")

    def test_a_signal_stops_a_worker_when_its_job_has_ended(self):
        first, second = submit(self.queue, "hang"), submit(self.queue, "hang")
        with other_process(PROCESS.format(queue=self.queue, wait="one._stopping.wait()", lease_ms=30_000)) as process:
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(), 0)
        self.assertEqual(status(self.queue, first)["result"], "finished")
        self.assertEqual(status(self.queue, second)["status"], "pending")

    def test_a_lost_connection_is_restored_and_the_report_is_repeated(self):
        begun, release = threading.Event(), threading.Event()

        def handler(payload, update_progress):
            begun.set()
            release.wait()
            return update_progress.attempt

        relay = Relay()
        through = redis.Redis.from_url(relay.url, retry=Retry(NoBackoff(), 0))
        with self.working({"job": handler}, through=through):
            self.messages.expect("JOB.CLAIM is repeated")
            relay.listen()
            job = submit(self.queue, "job")
            begun.wait()
            relay.hang_up()
            release.set()
            self.messages.expect("JOB.COMPLETE is repeated")
            relay.listen()
            self.assertEqual(ended(self.queue, job)["result"], "1")
            self.assertEqual(ended(self.queue, submit(self.queue, "job"))["result"], "1")
        relay.hang_up()

    def test_a_claim_that_is_refused_is_logged_and_repeated(self):
        client.set(self.queue, "not a queue")
        with self.working({"job": lambda payload, _: "done"}):
            self.messages.expect("WRONGTYPE")
            client.delete(self.queue)
            self.assertEqual(ended(self.queue, submit(self.queue, "job"))["result"], "done")

    def test_a_handler_stops_when_its_queue_is_deleted(self):
        begun, stopped = threading.Event(), threading.Event()

        def handler(payload, update_progress):
            begun.set()
            update_progress.stopped.wait()
            stopped.set()
            update_progress(50)

        with self.working({"job": handler}, lease_ms=300):
            submit(self.queue, "job")
            begun.wait()
            client.delete(self.queue)
            stopped.wait()
        self.messages.expect("a heartbeat of job")

    def test_a_worker_without_handlers_or_with_no_concurrency_is_refused(self):
        for handlers, concurrency in (({}, 1), ({"job": print}, 0)):
            with self.assertRaises(ValueError):
                Worker(client, self.queue, handlers, concurrency=concurrency)


def wait_until(condition):
    while not condition():
        threading.Event().wait(0.003)


if __name__ == "__main__":
    faulthandler.dump_traceback_later(120, exit=True)  # a test that waits without end
    unittest.main()
