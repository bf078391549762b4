"""Queues of jobs, as those see them who submit jobs and follow them. `worker.py` runs jobs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from redis_assess import _replies
from redis_assess._call import Call, Handle, Mode, Sender, Steps, Words, command, steps
from redis_assess._documents import JobStatus
from redis_assess._words import options, payload
from redis_assess.errors import JobFailed

Priority: TypeAlias = Literal["low", "normal", "high", "critical"]
Unique: TypeAlias = Literal["queued", "active", "rerun", "replace"]
State: TypeAlias = Literal["delayed", "pending", "running", "completed", "failed", "cancelled", "dead"]

# A wait for a job is a sequence of waits of so many milliseconds: well below the timeouts of clients.
WAIT_MS = 2000


class Submitted(NamedTuple):
    """The id of a job. created is False for a duplicate: the id is then that of the existing job."""

    id: str
    created: bool


class Queue(Handle[Mode]):
    """A queue of jobs: `assess.queue(key)`, or `jobs` of a model."""

    def __init__(self, sender: Sender, key: str) -> None:
        super().__init__(sender)
        self.key = key

    @command
    def submit(
        self,
        type: str,
        payload: Any = b"",
        *,
        id: str | None = None,
        priority: Priority | None = None,
        delay_ms: int | None = None,
        at: int | None = None,
        ttl: int | None = None,
        retries: int | None = None,
        backoff_ms: int | None = None,
        timeout_ms: int | None = None,
        unique: Unique | None = None,
        group: str | None = None,
        metadata: Any = None,
    ) -> Call[Submitted]:
        """Submits a job. The payload is bytes or text; any other value is sent as JSON. JOB.SUBMIT describes the options."""
        chosen = _options(priority, delay_ms, at, ttl, retries, backoff_ms, timeout_ms, unique, group, metadata)
        words = ("JOB.SUBMIT", self.key, type, _payload(payload), *options(id=id), *chosen)
        return Call(words, lambda reply: Submitted(_replies.text(reply[0]), _replies.text(reply[1]) == "created"))

    @command
    def submit_many(
        self,
        jobs: Iterable[tuple[str, Any]],
        *,
        priority: Priority | None = None,
        delay_ms: int | None = None,
        at: int | None = None,
        ttl: int | None = None,
        retries: int | None = None,
        backoff_ms: int | None = None,
        timeout_ms: int | None = None,
        unique: Unique | None = None,
        group: str | None = None,
        metadata: Any = None,
    ) -> Call[list[str]]:
        """Submits pairs of a type and a payload, all or none; their ids."""
        listed = list(jobs)
        words = [word for kind, data in listed for word in (kind, _payload(data))]
        chosen = _options(priority, delay_ms, at, ttl, retries, backoff_ms, timeout_ms, unique, group, metadata)
        return Call(("JOB.SUBMITMANY", self.key, len(listed), *words, *chosen), _replies.texts)

    @command
    def status(self, id: str) -> Call[JobStatus]:
        """Describes a job. An unknown id is an error of the server."""
        return Call(("JOB.STATUS", self.key, id), _status)

    @command
    def cancel(self, id: str) -> Call[State]:
        """Cancels a job; its state after that: a running job stays `running` until its worker reports."""
        return Call(("JOB.CANCEL", self.key, id), lambda reply: cast(State, _replies.text(reply)))

    @steps
    def wait(self, id: str, timeout: float | None = None) -> Steps[JobStatus]:
        """Waits until the job has ended, however it ended; its status. Raises TimeoutError after `timeout` seconds."""
        return (yield from self._wait(id, timeout))

    @steps
    def result(self, id: str, timeout: float | None = None) -> Steps[bytes]:
        """Waits for the result of a job. Raises JobFailed when it ended without one, and TimeoutError."""
        status = yield from self._wait(id, timeout)
        if status["status"] != "completed":
            raise JobFailed(status)
        return status["result"] or b""

    @command
    def list(
        self,
        *,
        status: State | None = None,
        type: str | None = None,
        group: str | None = None,
        offset: int | None = None,
        limit: int | None = None,
    ) -> Call[list[dict[str, Any]]]:
        """Jobs, the newest first: as `status`, without traceback, result and metadata."""
        chosen = options(status=status, type=type, group=group, offset=offset, limit=limit)
        return Call(("JOB.LIST", self.key, *chosen), lambda reply: [_replies.table(job) for job in reply])

    @command
    def info(self) -> Call[dict[str, Any]]:
        """Describes the queue: counts, throughput, times, limits."""
        return Call(("JOB.INFO", self.key), _info)

    def _wait(self, id: str, timeout: float | None) -> Steps[JobStatus]:
        left = None if timeout is None else round(timeout * 1000)
        while True:
            block = WAIT_MS if left is None else max(1, min(WAIT_MS, left))  # BLOCK 0 has no limit
            status = yield Call(("JOB.WAIT", self.key, id, "BLOCK", block), _status_or_none, apart=True)
            if status is not None:
                return cast(JobStatus, status)
            if left is not None and (left := left - block) <= 0:
                raise TimeoutError(f"the job {id!r} has not ended in {timeout} s")


_payload = payload


def _options(
    priority: str | None, delay_ms: int | None, at: int | None, ttl: int | None, retries: int | None,
    backoff_ms: int | None, timeout_ms: int | None, unique: str | None, group: str | None, metadata: Any,
) -> Words:  # fmt: skip
    return options(
        priority=priority, delay=delay_ms, at=at, ttl=ttl, retries=retries, backoff=backoff_ms, timeout=timeout_ms,
        unique=unique, group=group, metadata=None if metadata is None else payload(metadata),
    )  # fmt: skip


def _status(reply: Any) -> JobStatus:
    """The result of a job stays bytes: it is what its worker reported."""
    found = {name: value if name == "result" else _replies.plain(value) for name, value in _replies.pairs(reply).items()}
    duration = found["duration_seconds"]
    return cast(JobStatus, {**found, "duration_seconds": None if duration is None else float(duration)})


def _status_or_none(reply: Any) -> JobStatus | None:
    return None if reply is None else _status(reply)


def _info(reply: Any) -> dict[str, Any]:
    """RESP2 has the maps of times as flat lists."""
    times = ("waiting_time", "running_time")
    found = _replies.pairs(reply)
    return {
        name: _replies.figures(value) if name in times else _replies.number(_replies.plain(value))
        for name, value in found.items()
    }
