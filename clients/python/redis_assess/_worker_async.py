"""The worker of worker.py for coroutines, with redis.asyncio.

    worker = Worker(assess.client, "mail", {"send": send}, concurrency=100, decode=json.loads)
    worker.stop_on_signals()
    await worker.run()

A handler is a coroutine function. A cancellation of the job cancels its task: `asyncio.CancelledError` is raised where
it waits. `update_progress(percent, message)` is an ordinary function; threads of `asyncio.to_thread` may call it.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio

from redis_assess._jobs import (
    AWAY,
    Cancelled,
    GiveUp,
    Job,
    Settings,
    Words,
    claimed,
    is_cancelled,
    is_lost,
    log,
    pauses,
    progress_words,
)

__all__ = ["Cancelled", "GiveUp", "Run", "Worker"]


class Run:
    """One run of a job: the `update_progress` of its handler."""

    def __init__(self, job: Job) -> None:
        self.job, self.progress = job, Words()
        self.id, self.attempt, self.metadata = job.id.decode(errors="backslashreplace"), job.attempt, job.metadata
        self.cancelled = False
        self.lost = asyncio.Event()  # another worker may have the job: nothing is reported
        self.news = asyncio.Event()  # there is new progress
        self.loop = asyncio.get_running_loop()
        self.handler: asyncio.Task[Words] | None = None

    def __call__(self, percent: float, message: str | None = None) -> None:
        """Reports what share is done. Raises Cancelled in a handler that has suppressed its cancellation."""
        if self.cancelled or self.lost.is_set():
            raise Cancelled
        if (progress := progress_words(percent, message)) != self.progress:
            self.progress = progress
            self.loop.call_soon_threadsafe(self.news.set)

    def cancel(self) -> None:
        if not self.cancelled and self.handler is not None:  # once: a handler may wait while it cleans up
            self.cancelled = True
            self.handler.cancel()

    def lose(self) -> None:
        self.lost.set()
        self.cancel()


class Worker(Settings[redis.asyncio.Redis | redis.asyncio.RedisCluster, Callable[[Any, Run], Awaitable[Any]]]):
    """Runs the jobs of a queue; see Settings."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._runs: dict[asyncio.Task[None], Run] = {}
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()  # a run has ended, or the worker stops

    async def run(self) -> None:
        """Claims and runs jobs until `stop`; then returns when they have ended, or after the grace."""
        try:
            while count := await self._free():
                for job in claimed(await self._ask(self.claim(count), self._stopping, redis.RedisError) or ()):
                    task = asyncio.create_task(self._work(run := Run(job)))
                    self._runs[task] = run
                    task.add_done_callback(self._forget)
        finally:
            if self._runs:
                await asyncio.wait(list(self._runs), timeout=self.grace)
            for run in self._runs.values():
                log.error("job %r has not ended in %s s, its lease expires", run.job.id, self.grace)
                run.lose()

    def stop(self) -> None:
        """Ends the claims. A claim in flight can still bring jobs, for at most block_ms: they are run too."""
        self._stopping.set()
        self._changed.set()

    def stop_on_signals(self) -> None:
        """Makes SIGTERM and SIGINT stop the worker."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)

    async def _free(self) -> int:
        """How many more jobs can run, when at least one can; 0 after `stop`."""
        while not self._stopping.is_set():
            if free := self.concurrency - len(self._runs):
                return free
            self._changed.clear()
            await self._changed.wait()
        return 0

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._runs[task]
        self._changed.set()

    async def _handle(self, run: Run) -> Words:
        return self.completed(run.job, await self.handlers[run.job.type.decode()](self.decode(run.job.payload), run))

    async def _work(self, run: Run) -> None:
        run.handler = asyncio.create_task(self._handle(run))
        beats = asyncio.create_task(self._keep(run))
        try:
            await asyncio.wait({run.handler})
            beats.cancel()
            try:
                report = run.handler.result()
            except (asyncio.CancelledError, Cancelled) as error:
                report = self.cancelled(run.job) if run.cancelled else self.failed(run.job, error)
            except Exception as error:
                report = self.failed(run.job, error)
            await self._report(run, report)
        finally:  # also when the event loop ends
            beats.cancel()
            run.handler.cancel()

    async def _report(self, run: Run, report: Words) -> None:
        if not run.lost.is_set():
            try:
                await self._ask(report, run.lost)
            except redis.RedisError as error:
                if other := self.refused(run.job, report, error):
                    await self._report(run, other)

    async def _keep(self, run: Run) -> None:
        """Extends the lease and sends the progress, until this task is cancelled."""
        while not run.lost.is_set():
            await asyncio.sleep(self.pause_s)
            await passed(run.news, self.beat_s - self.pause_s)
            run.news.clear()
            try:
                if is_cancelled(run.job, await self._ask(self.heartbeat(run.job, run.progress), run.lost)):
                    run.cancel()
            except redis.RedisError as error:
                if is_lost(run.job, error):
                    run.lose()

    async def _ask(self, words: Words, until: asyncio.Event, *repeated: type[Exception]) -> Any:
        """The reply; None when the event comes first. The command is repeated while the server is away."""
        for pause in pauses():
            try:
                return await self.client.execute_command(*words, NEVER_DECODE=True)
            except repeated or AWAY as error:
                log.warning("%s is repeated: %s", words[0], error)
                if await passed(until, pause):
                    return None


async def passed(event: asyncio.Event, seconds: float) -> bool:
    """Waits for the event, for at most so many seconds; whether it has come."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
