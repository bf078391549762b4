"""Row 13: the source of a value changes during the computation of the value, and the key is invalidated.

A round: one caller requests the value and computes it for some milliseconds from the source that it read first. At a random
moment of the computation the source changes and the key is invalidated. Two more callers request the value at random
moments; at the end one caller requests it once more. A result is stale when it was requested after the invalidation had
returned and comes from the old source.
"""

import random
import threading
import time

import caches
from figures import Figure
from server import Server
from settings import Settings

COMPUTE_MS = (2.0, 10.0)
SEED = 13


class Round:
    """One key, its source and its callers."""

    def __init__(self, cache: object, key: str, dice: random.Random):
        self.cache, self.key = cache, key
        self.source, self.forgotten_at = "old", None
        self.computing = threading.Event()
        self.asked: list[tuple[float, str]] = []
        self.compute_s = dice.uniform(*COMPUTE_MS) / 1e3
        self.changes_after = dice.uniform(0, self.compute_s)
        self.others_after = [dice.uniform(0, 2 * self.compute_s) for _ in range(2)]

    def run(self) -> bool:
        """Whether any result was stale."""
        waits = [0.0, *self.others_after]
        callers = [threading.Thread(target=self._ask, args=(wait,)) for wait in waits]
        for caller in callers:
            caller.start()
        if not self.computing.wait(60):
            raise RuntimeError("no caller computes")
        time.sleep(self.changes_after)
        self.source = "new"
        self.cache.forget(self.key)
        self.forgotten_at = time.monotonic()
        for caller in callers:
            caller.join()
        self._ask(0)
        if len(self.asked) != len(callers) + 1:
            raise RuntimeError("a caller got no result")
        return any(value == "old" and begin > self.forgotten_at for begin, value in self.asked)

    def _ask(self, after: float) -> None:
        time.sleep(after)
        begin = time.monotonic()
        self.asked.append((begin, self.cache.ask(self.key, self._compute)))

    def _compute(self) -> str:
        value = self.source
        self.computing.set()
        time.sleep(self.compute_s)
        return value


def measure(settings: Settings) -> list[Figure]:
    figures = []
    with Server(settings.module) as server:
        server.set_tier("entry", "PATTERN", "entry:*", "TTL", 600)
        for name, kind in caches.KINDS.items():
            count = settings.races if name == "ours" else settings.peer_races
            work = f"invalidated while computing, {count:,} rounds, {kind.title}: stale"
            if not caches.is_installed(kind.package):
                figures.append(Figure(13, work, "", [], remark="not installed"))
                continue
            cache, dice = kind(server.port), random.Random(SEED)
            stale = sum(Round(cache, f"{name}-{i}", dice).run() for i in range(count))
            settings.keep(f"row 13, {kind.title}", {"rounds": count, "stale": stale})
            figures.append(Figure(13, work, "", [stale], "rounds", at_most=0 if name == "ours" else None,
                                  remark=f"{stale / count:.0%} of the rounds"))
    return figures
