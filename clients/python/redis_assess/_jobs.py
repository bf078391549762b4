"""The job queue of redis-assess as worker.py and _worker_async.py see it: settings of a worker, commands, replies."""

import json
import os
import random
import socket
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import redis

from redis_assess._connection import AWAY, log, reply_timeout

__all__ = [
    "AWAY", "Cancelled", "GiveUp", "Job", "Settings", "Words", "claimed", "is_cancelled", "is_lost", "log", "pauses",
    "progress_words",
]  # fmt: skip

Client = TypeVar("Client")
Handler = TypeVar("Handler")
Words = tuple[Any, ...]


class GiveUp(Exception):
    """Raised by a handler: the job has failed and is not run again."""


class Cancelled(BaseException):
    """Raised by `update_progress`: the job was cancelled or its lease is lost. `except Exception` does not catch it."""


class Job(NamedTuple):
    """A claimed job, as the server describes it."""

    id: bytes
    token: bytes
    type: bytes
    payload: bytes
    attempt: int
    metadata: bytes | None


@dataclass(eq=False, repr=False)
class Settings(Generic[Client, Handler]):
    """The settings of a worker, and the commands that it sends."""

    client: Client  # uses at most 1 + 2 * concurrency connections of its pool
    queue: str  # the key
    handlers: Mapping[str, Handler]  # by type of job
    _: KW_ONLY
    concurrency: int = 1  # how many jobs run at a time
    # After so many milliseconds without a heartbeat another worker gets the job. A worker sends three heartbeats per
    # lease, and more when there is new progress, at most two per second (more often with a lease below 3 seconds).
    lease_ms: int = 30_000
    grace: float = 10  # how many seconds running jobs get after `stop`; the leases of those that still run expire
    block_ms: int = 2_000  # how long a claim waits for a job; at most half of the client's `socket_timeout`; 0 is no limit
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")  # the worker in JOB.STATUS
    decode: Callable[[bytes], Any] = bytes  # makes the argument of a handler from a payload, for example json.loads

    def __post_init__(self) -> None:
        if not self.handlers or self.concurrency < 1:
            raise ValueError("a worker needs a handler and a concurrency of at least 1")
        self.beat_s = self.lease_ms / 3000  # three heartbeats per lease
        if timeout := reply_timeout(self.client):  # a claim follows another: shorter ones wait for as long together
            longest = max(1, int(timeout * 500))
            self.block_ms = min(self.block_ms or longest, longest)
        self.pause_s = min(0.5, self.beat_s / 2)  # the shortest time between two heartbeats

    def claim(self, count: int) -> Words:
        count = min(count, 100)  # the default of assess.max-batch
        options = ("LEASE", self.lease_ms, "BLOCK", self.block_ms, "COUNT", count, "WORKER", self.name)
        return ("JOB.CLAIM", self.queue, len(self.handlers), *self.handlers, *options)

    def heartbeat(self, job: Job, progress: Words) -> Words:
        return ("JOB.HEARTBEAT", self.queue, job.id, job.token, *progress)

    def completed(self, job: Job, result: Any) -> Words:
        """The report of a result: bytes and text unchanged, any other value as JSON."""
        data = result if isinstance(result, (bytes, str)) else json.dumps(result)
        return ("JOB.COMPLETE", self.queue, job.id, job.token, data)

    def failed(self, job: Job, error: BaseException) -> Words:
        log.warning("job %r of type %r failed in attempt %d", job.id, job.type, job.attempt, exc_info=error)
        retry = "no" if isinstance(error, GiveUp) else "yes"
        words = (str(error) or repr(error), "RETRY", retry, "TRACEBACK", "".join(traceback.format_exception(error)))
        return ("JOB.FAIL", self.queue, job.id, job.token, *map(text, words))

    def cancelled(self, job: Job) -> Words:
        return ("JOB.FAIL", self.queue, job.id, job.token, "cancelled", "RETRY", "no")

    def refused(self, job: Job, report: Words, error: redis.RedisError) -> Words | None:
        """The report that replaces one that the server has refused: only a result that is too large has one."""
        if report[0] == "JOB.COMPLETE" and str(error).startswith("TOOBIG"):
            return self.failed(job, GiveUp(f"the result is refused: {error}"))
        log.error("%s of job %r is refused: %s", report[0], job.id, error)
        return None


def claimed(reply: Any) -> list[Job]:
    """The jobs in a reply of JOB.CLAIM: maps in RESP3, flat lists in RESP2."""
    described = [job if isinstance(job, dict) else dict(zip(job[::2], job[1::2])) for job in reply]
    return [Job(*(job[field.encode()] for field in Job._fields)) for job in described]


def progress_words(percent: float, message: str | None) -> Words:
    """The options of a heartbeat. Raises ValueError for a share outside 0 to 100."""
    if not 0 <= percent <= 100:
        raise ValueError(f"a progress is 0 to 100 percent, not {percent}")
    return ("PROGRESS", int(percent), *(() if message is None else ("MESSAGE", text(message))))


def is_cancelled(job: Job, directive: Any) -> bool:
    """Whether the reply of a heartbeat says so; None is no reply. Any unknown reply is logged."""
    if directive not in (b"continue", b"cancel", None):
        log.error("unexpected reply to a heartbeat of job %r: %r", job.id, directive)
    return bool(directive == b"cancel")


def is_lost(job: Job, error: redis.RedisError) -> bool:
    """Whether the error of a heartbeat ends the run. After any other error the next heartbeat may succeed."""
    log.warning("a heartbeat of job %r is refused: %s", job.id, error)
    return str(error).startswith("LEASELOST") or "no job" in str(error)


def pauses() -> Iterator[float]:
    """Seconds before each repetition of a command: they double up to 5 s. At random, so that workers do not meet."""
    longest = 0.1
    while True:
        yield random.uniform(longest / 2, longest)
        longest = min(2 * longest, 5)


def text(words: str) -> bytes:
    """Text of a user in UTF-8, also when it is not valid Unicode."""
    return words.encode(errors="backslashreplace")
