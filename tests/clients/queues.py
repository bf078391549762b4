"""What the tests of both workers in Python use: a queue from outside, a relay that can hang up, messages of the log."""

import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import redis

URL = os.environ["REDIS_URL"]
client = redis.Redis.from_url(URL, decode_responses=True, socket_timeout=30)


def submit(queue, job_type, payload=b"", *options):
    """Submits a job; gives its id."""
    return client.execute_command("JOB.SUBMIT", queue, job_type, payload, *options)[0]


def status(queue, job):
    return as_map(client.execute_command("JOB.STATUS", queue, job))


def ended(queue, job):
    """The status of a job that has ended."""
    found = client.execute_command("JOB.WAIT", queue, job, "BLOCK", 20_000)
    assert found, ("the job has not ended", status(queue, job))
    return as_map(found)


def as_map(reply):
    """A map in RESP3, a flat list in RESP2."""
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))


@contextlib.contextmanager
def largest_payload(size):
    """Payloads and results of more bytes are refused."""
    kept = client.config_get("assess.max-payload")
    client.config_set("assess.max-payload", size)
    try:
        yield
    finally:
        client.config_set("assess.max-payload", kept["assess.max-payload"])


class Messages(logging.Handler):
    """Collects the messages of the workers instead of printing them; a test can wait for one."""

    def __init__(self):
        super().__init__()
        self.texts, self.arrived = [], threading.Condition()

    def emit(self, record):
        with self.arrived:
            self.texts.append(record.getMessage())
            self.arrived.notify_all()

    def expect(self, part):
        with self.arrived:
            assert self.arrived.wait_for(lambda: any(part in text for text in self.texts), 20), (part, self.texts)


@contextlib.contextmanager
def messages():
    log, collected = logging.getLogger("redis_assess"), Messages()
    log.addHandler(collected)
    log.propagate = False
    try:
        yield collected
    finally:
        log.propagate = True
        log.removeHandler(collected)


@contextlib.contextmanager
def other_process(script):
    """A Python process with the script; it has begun when it has printed a line."""
    with subprocess.Popen([sys.executable, "-B", "-c", script], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline(), "the process prints a line"
            yield process
        finally:
            process.kill()


class Relay:
    """A port in front of the server, which is closed first."""

    def __init__(self):
        self.open, self.listener = [], None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"

    def listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def hang_up(self):
        for one in [self.listener, *self.open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.open = []

    def accept(self, listener):
        server = urlsplit(URL)
        with contextlib.suppress(OSError):  # closed
            while True:
                one = listener.accept()[0]
                other = socket.create_connection((server.hostname, server.port))
                self.open += [one, other]
                for pair in ((one, other), (other, one)):
                    threading.Thread(target=copy, args=pair, daemon=True).start()


def copy(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
