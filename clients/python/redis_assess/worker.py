"""A worker for a job queue of redis-assess: handlers on threads, with redis-py 5 or later.

    worker = Worker(assess.client, "mail", {"send": send}, concurrency=4, decode=json.loads)
    worker.stop_on_signals()
    worker.run()

A handler is a function of the payload and of `update_progress(percent, message)`. What it returns is the result of the
job. After an exception the job is run again later, after GiveUp it is not. A job can run twice, for example when a
worker ends before its report: make handlers idempotent, with `update_progress.id`, which is the same in every run.
"""

import signal
import threading
from collections.abc import Callable
from typing import Any

import redis

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
        self.stopped = threading.Event()  # cancelled or lost: a handler can wait for it instead of sleeping
        self.lost = threading.Event()  # another worker may have the job: nothing is reported
        self.ended = threading.Event()  # no more heartbeats
        self.news = threading.Event()  # there is new progress, or the run has ended

    def __call__(self, percent: float, message: str | None = None) -> None:
        """Reports what share is done. Raises Cancelled when the handler must stop."""
        if self.stopped.is_set():
            raise Cancelled
        if (progress := progress_words(percent, message)) != self.progress:
            self.progress = progress
            self.news.set()

    def end(self) -> None:
        self.ended.set()
        self.news.set()

    def lose(self) -> None:
        self.lost.set()
        self.stopped.set()
        self.end()


class Worker(Settings[redis.Redis | redis.RedisCluster, Callable[[Any, Run], Any]]):
    """Runs the jobs of a queue; see Settings."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._runs: set[Run] = set()
        self._changed = threading.Condition()  # of _runs and _stopping
        self._stopping = threading.Event()

    def run(self) -> None:
        """Claims and runs jobs until `stop`; then returns when they have ended, or after the grace."""
        try:
            while count := self._free():
                for job in claimed(self._ask(self.claim(count), self._stopping, redis.RedisError) or ()):
                    self._runs.add(run := Run(job))
                    threading.Thread(target=self._work, args=(run,), daemon=True).start()
        finally:
            with self._changed:
                self._changed.wait_for(lambda: not self._runs, self.grace)
                for run in self._runs:
                    log.error("job %r has not ended in %s s, its lease expires", run.job.id, self.grace)
                    run.lose()

    def stop(self) -> None:
        """Ends the claims. A claim in flight can still bring jobs, for at most block_ms: they are run too."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()

    def stop_on_signals(self) -> None:
        """Makes SIGTERM and SIGINT stop the worker; for the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):  # the interrupted code may hold the lock that `stop` needs
            signal.signal(number, lambda *_: threading.Thread(target=self.stop).start())

    def _free(self) -> int:
        """How many more jobs can run, when at least one can; 0 after `stop`."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping.is_set() or len(self._runs) < self.concurrency)
            return 0 if self._stopping.is_set() else self.concurrency - len(self._runs)

    def _work(self, run: Run) -> None:
        threading.Thread(target=self._keep, args=(run,), daemon=True).start()
        try:
            report = self.completed(run.job, self.handlers[run.job.type.decode()](self.decode(run.job.payload), run))
        except Cancelled:
            report = self.cancelled(run.job)
        except BaseException as error:  # also that of sys.exit, which would end only this thread
            report = self.failed(run.job, error)
        run.end()
        try:
            self._report(run, report)
        finally:
            with self._changed:
                self._runs.discard(run)
                self._changed.notify_all()

    def _report(self, run: Run, report: Words) -> None:
        if not run.lost.is_set():
            try:
                self._ask(report, run.lost)
            except redis.RedisError as error:
                if other := self.refused(run.job, report, error):
                    self._report(run, other)

    def _keep(self, run: Run) -> None:
        """Extends the lease until the run has ended, and sends the progress."""
        while not run.ended.wait(self.pause_s):
            run.news.wait(self.beat_s - self.pause_s)
            run.news.clear()
            if run.ended.is_set():
                return
            try:
                if is_cancelled(run.job, self._ask(self.heartbeat(run.job, run.progress), run.ended)):
                    run.stopped.set()
            except redis.RedisError as error:
                if not run.ended.is_set() and is_lost(run.job, error):
                    run.lose()

    def _ask(self, words: Words, until: threading.Event, *repeated: type[Exception]) -> Any:
        """The reply; None when the event comes first. The command is repeated while the server is away."""
        for pause in pauses():
            try:
                return self.client.execute_command(*words, NEVER_DECODE=True)  # type: ignore[no-untyped-call]
            except repeated or AWAY as error:
                log.warning("%s is repeated: %s", words[0], error)
                if until.wait(pause):
                    return None
