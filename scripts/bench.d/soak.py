"""Mixed traffic in separate processes, for a given time: the operations of applications on a cache, mixed at random.

Run as `soak.py PORT SEED`; ends when its standard input closes, and prints the number of commands it sent. Half of the
keys are used repeatedly; the other half are used once and expire, because an index would leak there.
"""

import contextlib
import itertools
import random
import subprocess
import sys
import threading

import redis

from server import Server

PROCESSES = 2
KNOWN = 5_000  # keys that are used repeatedly
TAGS = 200


class Traffic:
    """A context manager: the traffic runs inside the `with`; afterwards `commands` is set."""

    TIERS = {
        "known": ("PATTERN", "known:*", "TTL", 5, "GRACE", 2, "JITTER", 20, "REFRESH", 10, "NEGATIVE", 1),
        "bounded": ("PATTERN", "bounded:*", "TTL", 60, "CAPACITY", 2_000),
        "once": ("PATTERN", "once:*", "TTL", 2, "COMPRESS", 400),
    }

    def __init__(self, server: Server):
        self.port, self.commands = server.port, 0
        for name, policy in self.TIERS.items():
            server.call("TIER.SET", name, *policy)

    def __enter__(self) -> "Traffic":
        words, pipe = [sys.executable, __file__, str(self.port)], subprocess.PIPE
        self.processes = [
            subprocess.Popen([*words, str(seed)], stdin=pipe, stdout=pipe, text=True) for seed in range(PROCESSES)
        ]
        return self

    def __exit__(self, *_: object) -> None:
        counts = [process.communicate()[0] for process in self.processes]
        if any(process.returncode for process in self.processes):
            raise RuntimeError("traffic ended with an error")
        self.commands = sum(map(int, counts))


class Sender:
    def __init__(self, port: int, seed: int):
        self.call = redis.Redis(port=port, decode_responses=True).execute_command
        self.dice, self.seed, self.ever = random.Random(seed), seed, itertools.count()

    def step(self) -> int:
        """Sends a few commands; returns their number."""
        known = f"known:{self.dice.randrange(KNOWN)}"
        once = f"once:{self.seed}:{next(self.ever)}"
        value, tag = "v" * self.dice.randrange(1000), f"tag-{self.dice.randrange(TAGS)}"
        match self.dice.randrange(1000):
            case 0:
                self.call("CACHE.INVALIDATE", "PATTERN", f"known:{self.dice.randrange(100)}*")
            case 1:
                self.call("CACHE.INVALIDATE", "TAG", tag, *self.dice.choice([(), ("SOFT",), ("ASYNC",)]))
            case 2:
                self.call("CACHE.INVALIDATE", "TIER", "once")
            case 3:
                self.call("TIER.SET", "bounded", *Traffic.TIERS["bounded"])
            case n if n < 100:
                self.call("CACHE.SET", once, value, "PX", 1 + self.dice.randrange(3000), "TAGS", 1, tag)
            case n if n < 200:
                self.call("SET", once, value, "PX", 1 + self.dice.randrange(3000))
            case n if n < 300:
                self.call("CACHE.SET", f"bounded:{self.dice.randrange(1 << 40)}", value)
            case n if n < 340:
                self.call("DEL", known)
            case n if n < 360:
                self.call("SET", known, value, "EX", 5)
                with contextlib.suppress(redis.ResponseError):  # the other process renamed the key first
                    self.call("RENAME", known, f"{known}:moved")
                self.call("EXPIRE", f"{known}:moved", 1)
                return 3
            case n if n < 700:
                self.call("CACHE.GET", known)
            case _:
                return self._fetch(known, value, tag)
        return 1

    def _fetch(self, key: str, value: str, tag: str) -> int:
        answer = self.call("CACHE.FETCH", key, "LEASE", 200, "WAIT", 0)
        match answer:
            case ["lease", token, *_] | ["refresh", _, token, *_]:
                if self.dice.random() < 0.05:
                    return 1  # a caller that disconnects without a fill
                try:
                    if self.dice.random() < 0.05:
                        self.call("CACHE.FAIL", key, token, "no such thing")
                    else:
                        self.call("CACHE.FILL", key, token, value, "TAGS", 1, tag)
                except redis.ResponseError as error:
                    if not str(error).startswith("LEASELOST"):
                        raise
                return 2
        return 1


def main() -> None:
    sender, ended = Sender(*map(int, sys.argv[1:])), threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    sent = 0
    while not ended.is_set():
        sent += sender.step()
    print(sent)


if __name__ == "__main__":
    main()
