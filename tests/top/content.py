"""A server that several tests share, with content for every panel, and runs of scripts/top."""

import functools
import os
import subprocess
from pathlib import Path

from connection import pairs
from process import ROOT, SECONDS, Process, Server

TOP = ROOT / "scripts/top"
_started: list[Process] = []


def started(server: Server) -> Server:
    """Stopped at the end of all tests."""
    _started.append(server)
    return server


def stop() -> None:
    for server in reversed(_started):
        server.stop()


@functools.cache
def full() -> Server:
    """Two tiers with entries, a model, and a queue with a running job of 40 %."""
    server = started(Server())
    fill(server)
    return server


def fill(server: Server) -> None:
    server.call("TIER.SET", "pages", "PATTERN", "page:*", "TTL", 600)
    server.call("TIER.SET", "films", "PATTERN", "film:*", "TTL", 60)
    for tier, keys in (("page", 3), ("film", 2)):
        for key in range(keys):
            server.call("CACHE.SET", f"{tier}:{key}", "x" * 100)
    for key, reads in (("page:1", 3), ("page:2", 1), ("page:absent", 1)):
        for _ in range(reads):
            server.call("CACHE.GET", key)
    fill_models(server)
    for job in range(4):
        server.call("JOB.SUBMIT", "mail", "send", "payload", "ID", f"job:{job}")
    [done] = server.call("JOB.CLAIM", "mail", 1, "send", "LEASE", 600_000)
    fields = dict(zip(done[::2], done[1::2]))
    server.call("JOB.COMPLETE", "mail", fields["id"], fields["token"], "")
    [running] = server.call("JOB.CLAIM", "mail", 1, "send", "LEASE", 600_000)
    fields = dict(zip(running[::2], running[1::2]))
    server.call("JOB.HEARTBEAT", "mail", fields["id"], fields["token"], "PROGRESS", 40, "MESSAGE", "row 4 of 10")


def fill_models(server: Server) -> None:
    server.call("MODEL.SET", "icio", "IO", (ROOT / "samples/mini.csv").read_text())
    server.wait_for(lambda: pairs(server.call("MODEL.INFO", "icio"))["progress"] == 100, "the model is not ready")


def once(server: Server, *options: object, **variables: str) -> subprocess.CompletedProcess:
    return run("-p", server.port, "--once", *options, **variables)


def run(*options: object, **variables: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if name not in ("REDISCLI_AUTH", "COLUMNS")} | variables
    return subprocess.run([TOP, *map(str, options)], env=environment, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)


def row(text: str, name: str) -> list[str]:
    """The words of the line that begins with this word."""
    return next((line.split() for line in text.splitlines() if line.split()[:1] == [name]), [])


@functools.cache
def certificates() -> Path:
    """A certificate that signs itself, for localhost, and its key."""
    folder = full().folder
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", folder / "key", "-out", folder / "cert"], check=True, capture_output=True)
    return folder
