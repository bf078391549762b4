"""What tests wait for: events in the server, as other clients see them."""

import contextlib
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from queues import as_map, client


def wait_for(holds, what):
    """Waits until it holds; what it returned."""
    deadline = time.monotonic() + 60
    while not (found := holds()):
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.003)
    return found


def about(key):
    """CACHE.TTL of a key: `lease_ms` is 0 without a lease, `waiters` are the clients that wait for it."""
    return as_map(client.execute_command("CACHE.TTL", key))


def calls(command):
    """How often the server has run a command."""
    return int(client.info("commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"])


def repeated(command, times, until=lambda: False):
    """Waits until the server has run a command so many times more, or for the other event."""
    before = calls(command)
    wait_for(lambda: calls(command) >= before + times or until(), f"{command} does not come")


@contextlib.contextmanager
def in_background(function, *arguments):
    """A call on another thread, which must end."""
    with ThreadPoolExecutor(1) as one:
        yield one.submit(function, *arguments)


@contextlib.contextmanager
def standing_still():
    """The server is stopped, without closing connections."""
    process = client.info("server")["process_id"]
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)
