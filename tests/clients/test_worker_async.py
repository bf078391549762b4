"""The worker of redis_assess.asyncio on tasks. REDIS_URL names a server with the module."""

import asyncio
import contextlib
import faulthandler
import json
import signal
import unittest

import redis.asyncio
from queues import URL, Relay, client, ended, largest_payload, messages, other_process, status, submit
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis_assess.asyncio import GiveUp, Worker

# A worker in a process of its own. Its handler prints a line and then waits for its end.
PROCESS = f"""
import asyncio, redis.asyncio, redis_assess.asyncio
async def hang(payload, update_progress):
    print("begun", flush=True)
    await {{wait}}
    return "finished"
async def main():
    global one
    client = redis.asyncio.Redis.from_url({URL!r})
    one = redis_assess.asyncio.Worker(client, {{queue!r}}, {{{{"hang": hang}}}}, lease_ms={{lease_ms}})
    one.stop_on_signals()
    await one.run()
asyncio.run(main())
"""


class Workers(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.queue = f"async:{self.id()}"
        collected = messages()
        self.messages = collected.__enter__()
        self.addCleanup(collected.__exit__, None, None, None)

    @contextlib.asynccontextmanager
    async def working(self, handlers, url=URL, client_settings=None, **settings):
        """A worker in a task; at the end it is stopped and has returned."""
        async with redis.asyncio.Redis.from_url(url, **(client_settings or {})) as through:
            worker = Worker(through, self.queue, handlers, **{"block_ms": 100, **settings})
            task = asyncio.create_task(worker.run())
            try:
                yield worker
            finally:
                worker.stop()
                await task

    async def submit(self, *words):
        return await asyncio.to_thread(submit, self.queue, *words)

    async def ended(self, job):
        return await asyncio.to_thread(ended, self.queue, job)

    async def expect(self, part):
        await asyncio.to_thread(self.messages.expect, part)

    async def result_of(self, handler, *options, payload=b"", **settings):
        """The status of a job that a worker has run with this handler."""
        async with self.working({"job": handler}, **settings):
            return await self.ended(await self.submit("job", payload, *options))

    async def test_a_job_runs_and_its_result_is_stored(self):
        for given, stored in (("text", "text"), (b"bytes", "bytes"), ({"n": [1, None]}, '{"n": [1, null]}')):

            async def handler(payload, update_progress):
                return given

            found = await self.result_of(handler)
            self.assertEqual((found["status"], found["result"]), ("completed", stored))

    async def test_a_handler_gets_the_bytes_in_both_protocols_and_what_decode_makes_of_them(self):
        async def shown(payload, update_progress):
            return repr(payload)

        for protocol in (2, 3):
            for decoded in (False, True):
                settings = {"protocol": protocol, "decode_responses": decoded}
                found = await self.result_of(shown, payload=b"\xff\0", client_settings=settings)
                self.assertEqual(found["result"], repr(b"\xff\0"))
        found = await self.result_of(shown, payload='{"n": 41}', decode=json.loads)
        self.assertEqual(found["result"], "{'n': 41}")

    async def test_progress_is_visible_while_the_job_runs_also_that_of_its_threads(self):
        seen = asyncio.Event()

        async def handler(payload, update_progress):
            update_progress(30.5, "reading")
            await seen.wait()
            seen.clear()
            await asyncio.to_thread(update_progress, 60)
            await seen.wait()

        async with self.working({"job": handler}, lease_ms=600_000):
            job = await self.submit("job")
            for percent in (30, 60):
                while (found := await asyncio.to_thread(status, self.queue, job))["progress"] != percent:
                    await asyncio.sleep(0.003)
                self.assertEqual(found["progress_message"], "reading")
                seen.set()

    async def test_a_job_that_raises_an_exception_is_run_again_and_fails_with_a_traceback(self):
        async def divides(payload, update_progress):
            return 1 / 0

        found = await self.result_of(divides, "RETRIES", 1, "BACKOFF", 1)
        self.assertEqual((found["status"], found["attempts"], found["error"]), ("failed", 2, "division by zero"))
        self.assertIn("in divides", found["traceback"])

    async def test_a_job_that_gives_up_is_not_run_again(self):
        async def hopeless(payload, update_progress):
            raise GiveUp("no such user")

        found = await self.result_of(hopeless)
        self.assertEqual((found["status"], found["attempts"], found["error"]), ("failed", 1, "no such user"))

    async def test_a_result_that_is_too_large_fails_the_job_without_another_run(self):
        async def handler(payload, update_progress):
            return "eleven more"

        with largest_payload(10):
            found = await self.result_of(handler)
        self.assertEqual((found["status"], found["attempts"]), ("failed", 1))
        self.assertIn("TOOBIG", found["error"])

    async def test_a_handler_that_cancels_itself_has_failed(self):
        async def handler(payload, update_progress):
            raise asyncio.CancelledError

        found = await self.result_of(handler, "RETRIES", 0)
        self.assertEqual((found["status"], found["error"]), ("failed", "CancelledError()"))

    async def test_a_cancellation_reaches_a_running_handler_which_can_clean_up(self):
        begun, cleaned = asyncio.Event(), []

        async def handler(payload, update_progress):
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                cleaned.append(1)

        async with self.working({"job": handler}, lease_ms=300):
            job = await self.submit("job")
            await begun.wait()
            client.execute_command("JOB.CANCEL", self.queue, job)
            found = await self.ended(job)
        self.assertEqual((found["status"], found["error"], cleaned), ("cancelled", "cancelled", [1]))

    async def test_the_heartbeat_keeps_a_job_longer_than_its_lease(self):
        later = asyncio.Event()

        async def long(payload, update_progress):
            await later.wait()

        async def set_later(payload, update_progress):
            later.set()

        async with self.working({"long": long, "later": set_later}, lease_ms=300, concurrency=2):
            job = await self.submit("long")
            await self.submit("later", b"", "DELAY", 1200)
            found = await self.ended(job)
        self.assertEqual((found["status"], found["attempts"]), ("completed", 1))

    async def test_a_graceful_stop_ends_the_running_job_and_claims_no_more(self):
        begun, release = asyncio.Event(), asyncio.Event()

        async def handler(payload, update_progress):
            begun.set()
            await release.wait()

        async with self.working({"job": handler}) as worker:
            first, second = await self.submit("job"), await self.submit("job")
            await begun.wait()
            worker.stop()
            release.set()
        self.assertEqual(status(self.queue, first)["status"], "completed")
        self.assertEqual(status(self.queue, second)["status"], "pending")

    async def test_a_job_that_outlasts_the_grace_is_cancelled_and_run_by_another_worker(self):
        begun, cancelled = asyncio.Event(), asyncio.Event()

        async def handler(payload, update_progress):
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                return "late"

        async def in_time(payload, update_progress):
            await cancelled.wait()
            return "in time"

        async with self.working({"job": handler}, lease_ms=300, grace=0):
            job = await self.submit("job")
            await begun.wait()
        await self.expect("has not ended in 0 s")
        async with self.working({"job": in_time}):
            found = await self.ended(job)
        self.assertEqual((found["result"], found["attempts"]), ("in time", 2))

    async def test_the_job_of_a_killed_worker_is_run_by_another(self):
        async def attempt(payload, update_progress):
            return update_progress.attempt

        job = await self.submit("hang")
        with other_process(PROCESS.format(queue=self.queue, wait="asyncio.Event().wait()", lease_ms=500)) as process:
            process.kill()
            process.wait()
            async with self.working({"hang": attempt}):
                self.assertEqual((await self.ended(job))["result"], "2")

    async def test_a_signal_stops_a_worker_when_its_job_has_ended(self):
        first, second = await self.submit("hang"), await self.submit("hang")
        with other_process(PROCESS.format(queue=self.queue, wait="one._stopping.wait()", lease_ms=30_000)) as process:
            process.send_signal(signal.SIGTERM)
            self.assertEqual(await asyncio.to_thread(process.wait), 0)
        self.assertEqual(status(self.queue, first)["result"], "finished")
        self.assertEqual(status(self.queue, second)["status"], "pending")

    async def test_a_lost_connection_is_restored_and_the_report_is_repeated(self):
        begun, release = asyncio.Event(), asyncio.Event()

        async def handler(payload, update_progress):
            begun.set()
            await release.wait()
            return update_progress.attempt

        relay = Relay()
        async with self.working({"job": handler}, relay.url, {"retry": Retry(NoBackoff(), 0)}):
            await self.expect("JOB.CLAIM is repeated")
            relay.listen()
            job = await self.submit("job")
            await begun.wait()
            relay.hang_up()
            release.set()
            await self.expect("JOB.COMPLETE is repeated")
            relay.listen()
            self.assertEqual((await self.ended(job))["result"], "1")
            self.assertEqual((await self.ended(await self.submit("job")))["result"], "1")
        relay.hang_up()

    async def test_a_handler_stops_when_its_queue_is_deleted(self):
        begun, stopped = asyncio.Event(), asyncio.Event()

        async def handler(payload, update_progress):
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        async with self.working({"job": handler}, lease_ms=300):
            await self.submit("job")
            await begun.wait()
            client.delete(self.queue)
            await stopped.wait()
        await self.expect("a heartbeat of job")


if __name__ == "__main__":
    faulthandler.dump_traceback_later(120, exit=True)  # a test that waits without end
    unittest.main()
