"""Waits with a limit. A limit is only for what never happens: slow machines must not reach it."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

# Under valgrind (valgrind/server) everything takes many times as long.
SLOW = bool(os.environ.get("ASSESS_VALGRIND"))
SECONDS = 3000 if SLOW else 300
POLL_SECONDS = 0.01

Value = TypeVar("Value")


class Late(Exception):
    """What was awaited did not happen within the limit."""


def until(condition: Callable[[], Value], what: str, seconds: float = SECONDS, poll: float = POLL_SECONDS) -> Value:
    """Calls the condition until it is true, and returns its value. `what` is the text of the error."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Late(f"after {seconds:.0f} s: {what}")
        time.sleep(poll)
    return value
