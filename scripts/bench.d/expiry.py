"""Row 21: keys of a tier that all expire at the same moment, against the same keys on a server without the module.

The keys are written with one PXAT. From that moment on a client sets another key in a closed loop until all keys have
expired: the time until the server has removed them, and the waits of that client.
"""

import contextlib
import time

import redis
from figures import Figure, ratios
from fill import fill, numbered
from server import Server
from settings import Settings

VALUE = "v" * 20
LOOK_EVERY = 50  # requests between two checks of the number of keys
WRITE_PER_SECOND = 40_000  # lower bound: the moment is late enough to write all keys before
PATIENCE_SECONDS = 120


def measure(settings: Settings) -> list[Figure]:
    with contextlib.ExitStack() as stack:
        servers = {"with": stack.enter_context(Server(settings.module)), "without": stack.enter_context(Server(None))}
        servers["with"].set_tier("entry", "PATTERN", "entry:*", "TTL", 86_400)
        rounds = []
        for i in range(settings.few_rounds):
            order = list(servers) if i % 2 == 0 else list(reversed(servers))
            rounds.append({name: _storm(servers[name], settings.keys) for name in order})
    settings.keep("row 21", rounds)

    def drains(name: str) -> list[float]:
        return [of[name][0] for of in rounds]

    def waits(name: str) -> list[float]:
        return [of[name][1] for of in rounds]

    work = f"{settings.keys:,} keys of a tier that expire at the same moment"
    peer = "the same server without the module"
    above = [mine - its for mine, its in zip(waits("with"), waits("without"), strict=True)]
    return [
        Figure(21, f"{work}: until all are removed", peer, ratios(drains("with"), drains("without")), "x", at_most=1.6,
               remark=f"{drains('with')[0]:.2f} s to {drains('without')[0]:.2f} s in the first round"),
        Figure(21, f"{work}: another client's p99.9 above it", peer, above, "ms", at_most=2.0),
    ]


def _storm(server: Server, count: int) -> tuple[float, float]:
    """Seconds until all are removed, and the 99.9th percentile of another client's waits in milliseconds."""
    at = time.time() + 2 + count / WRITE_PER_SECOND
    fill(server, numbered("entry:", count), VALUE, expires_at_ms=int(at * 1000))
    if time.time() >= at:
        raise RuntimeError("the keys expired before all were written")
    with redis.Redis(port=server.port) as client:
        if (held := client.dbsize()) < count:
            raise RuntimeError(f"only {held} of {count} keys exist")
        time.sleep(max(0.0, at - time.time()))
        waits, left = [], count
        while left > 1 and time.time() < at + PATIENCE_SECONDS:
            for _ in range(LOOK_EVERY):
                begin = time.perf_counter()
                client.set("mine", "1")
                waits.append((time.perf_counter() - begin) * 1e3)
            left = client.dbsize()
        drained = time.time() - at
        client.flushall()
    waits.sort()
    return drained, waits[int(len(waits) * 0.999)]
