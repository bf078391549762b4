"""Errors of the server as classes, by the code that their text begins with.

All are `redis.ResponseError`. Codes that are not here stay what redis-py makes of them: `ERR` and `WRONGTYPE` are
`redis.ResponseError`, `READONLY` is `redis.ReadOnlyError`, and so on.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import redis


class AssessError(redis.ResponseError):
    """An error of the server with a code of its own."""

    code: ClassVar[str] = ""


class NoModelError(AssessError):
    """There is no model at the key: it has to be loaded."""

    code = "NOMODEL"


class NoSubjectError(AssessError):
    """The model has no such region, sector or country; the code is malformed or unknown."""

    code = "NOSUBJECT"


class NoIndicatorError(AssessError):
    """The model has no such indicator."""

    code = "NOINDICATOR"


class NotReadyError(AssessError):
    """The model is still deriving what the assessment needs: try again."""

    code = "NOTREADY"


class BadFileError(AssessError):
    """A file or a document cannot be used; the text names line and column."""

    code = "BADFILE"


class LeaseLostError(AssessError):
    """The lease of an entry or of a job is over."""

    code = "LEASELOST"

    @property
    def cause(self) -> str:
        """`expired`, `invalidated`, `overwritten` or `unknown`; of a job also `cancelled` or `failover`."""
        words = str(self).split(maxsplit=2)
        return words[1].rstrip(":;,.") if len(words) > 1 else "unknown"


class BusyError(AssessError):
    """The server cannot do this now: another load of the key runs, or a limit of a user is reached. Try again."""

    code = "BUSY"


class TooBigError(AssessError):
    """The request or the file is over a configured limit."""

    code = "TOOBIG"


class NoRoomError(AssessError):
    """The memory of the server would not suffice."""

    code = "NOROOM"


class NoAckError(AssessError):
    """A master of the cluster did not carry out a command for all masters; the text names it."""

    code = "NOACK"


class ModelFailed(Exception):
    """The derivation of a model failed; the text has its warnings."""


class JobFailed(Exception):
    """The job ended without a result: it failed, is dead or was cancelled. `status` describes it."""

    def __init__(self, status: Any) -> None:
        super().__init__(f"job {status['job_id']} is {status['status']}: {status['error'] or 'no error was reported'}")
        self.status = status


CLASSES = (
    NoModelError, NoSubjectError, NoIndicatorError, NotReadyError, BadFileError, LeaseLostError, BusyError, TooBigError,
    NoRoomError, NoAckError,
)  # fmt: skip
BY_CODE: dict[str, type[AssessError]] = {error.code: error for error in CLASSES}


E = TypeVar("E", bound=redis.RedisError)


def typed(error: E) -> E | AssessError:
    """The error as an object of the class of its code, if there is one."""
    found = BY_CODE.get(str(error).split(" ", 1)[0])
    return error if found is None or type(error) is not redis.ResponseError else found(str(error))
