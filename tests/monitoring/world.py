"""The servers that several tests share, with content of every kind; started when first used."""

import functools
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from connection import Connection, pairs
from process import ROOT, SECONDS, Process, Server

Kind = TypeVar("Kind", bound=Process)
_started: list[Process] = []


def started(process: Kind) -> Kind:
    """Stopped at the end of all tests."""
    _started.append(process)
    return process


def stop() -> None:
    for process in reversed(_started):
        process.stop()


@functools.cache
def master() -> Server:
    """Models, a tier and a queue."""
    server = started(Server("--maxmemory", "1gb", "--assess.data-dir", ROOT / "samples", "--repl-diskless-sync-delay", 0))
    server.call("MODEL.LOAD", "icio", "IO", "FILE", "mini.csv")
    server.call("MODEL.INDICATOR", "icio", "risk", "FILE", "mini_risk.csv", "BY", "region")
    server.wait_for(lambda: pairs(server.call("MODEL.INFO", "icio"))["state"] == "ready", "the model is not ready")
    server.call("TIER.SET", "page", "PATTERN", "page:*", "TTL", 600, "GRACE", 600, "NEGATIVE", 60)
    return server


@functools.cache
def replica() -> Server:
    of = master()
    server = started(Server("--replicaof", "127.0.0.1", of.port))
    server.wait_for(lambda: "master_link_status:up" in str(server.call("INFO", "replication")), "the replica has no master")
    return server


@functools.cache
def without_module() -> Server:
    return started(Server(module=False))


def traffic(round: int) -> None:
    """Reads and writes of every outcome; each round uses keys of its own."""
    server = master()
    key = f"page:{round}"
    with Connection(server.target, server.login, SECONDS) as client:
        def ask(*words: object) -> object:
            [reply] = client.ask(tuple(map(str, words)))
            if isinstance(reply, Exception):
                raise AssertionError(f"{words}: {reply}")
            return reply

        for sector in ("C10T12", "C26", "C10T12"):  # two are computed, one is a hit
            ask("ASSESS.GET", "icio", "USA", sector, "TOP", 1 + round)
        token = ask("CACHE.FETCH", key, "LEASE", 600_000)[1]
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(server.call, "CACHE.FETCH", key, "WAIT", 1000 * SECONDS)
            server.wait_for(lambda: pairs(ask("CACHE.STATS"))["waiters"] == 1, "no client waits")
            ask("CACHE.FILL", key, token, "value", "TAGS", 1, "even")
            if waiting.result() != ["hit", "value"]:
                raise AssertionError(waiting.result())
        for _ in range(64):  # the time of one is measured
            ask("CACHE.GET", key)
        ask("CACHE.GET", f"{key}:absent")
        token = ask("CACHE.FETCH", f"{key}:bad", "LEASE", 600_000)[1]
        ask("CACHE.FAIL", f"{key}:bad", token, "no such page")
        ask("CACHE.SET", f"{key}:set", "value")
        ask("CACHE.INVALIDATE", "TAG", "even")
        [job, _] = ask("JOB.SUBMIT", "mail", "welcome", "x")
        claimed = pairs(ask("JOB.CLAIM", "mail", 1, "welcome", "LEASE", 600_000)[0])
        if round % 2:
            ask("JOB.FAIL", "mail", job, claimed["token"], "no such user", "RETRY", "no")
        else:
            ask("JOB.COMPLETE", "mail", job, claimed["token"], "sent")
        ask("JOB.SUBMIT", "mail", "later", "x")
