"""Row 16: the memory of the index, and (with --soak) whether memory grows under mixed traffic.

The index: used_memory of the server with the keys in a tier, minus used_memory before the tier was declared, and the rest
after all keys were removed. The keys are written in random order, which fills the nodes of the index less densely.
"""

import random
import time
from statistics import median

import numpy as np

from figures import Figure, growth
from fill import fill, numbered
from server import Server
from settings import Settings
from soak import Traffic

VALUE = "v" * 100
PREFIX = "entry:"
KEY_BYTES = len(next(numbered(PREFIX, 1)))
OVERHEAD_BYTES = 128
SEED = 16
TIER = ("entry", "PATTERN", f"{PREFIX}*", "TTL", 86_400)
WARM_UP = 0.3  # share of a soak while the database fills
SETTLE_SECONDS = 3


def measure(settings: Settings) -> list[Figure]:
    sizes = [settings.keys // 10, settings.keys]
    by_size = [_bytes_a_key(settings, size) for size in sizes]
    runs = [by_size[-1]] + [_bytes_a_key(settings, sizes[-1]) for _ in range(settings.memory_runs - 1)]
    settings.keep("row 16", {"sizes": sizes, "by size": by_size, "runs": runs})
    work = f"index of {sizes[-1]:,} keys of {KEY_BYTES} bytes"
    figures = [
        Figure(16, f"{work}, built over existing keys: bytes a key", "the same keys in no tier",
               [run["built"] for run in runs], "B", at_most=OVERHEAD_BYTES + KEY_BYTES),
        Figure(16, f"{work}, written at random: bytes a key", "the same keys in no tier",
               [run["written"] for run in runs], "B", at_most=OVERHEAD_BYTES + KEY_BYTES),
        Figure(16, f"{work}: bytes a key left after all were removed", "", [run["left"] for run in runs], "B"),
    ]
    costs = [run["written"] for run in by_size]
    grown = growth(16, "bytes a key of the index", sizes, costs, "B", by="keys")
    return figures + [figure for figure in [grown] if figure] + _soak(settings)


def _bytes_a_key(settings: Settings, count: int) -> dict[str, float]:
    """Bytes a key: index built over existing keys, index of keys written at random, and the rest at the end."""
    keys = list(numbered(PREFIX, count))
    random.Random(SEED).shuffle(keys)
    with Server(settings.module) as server:
        empty = settled(server)
        fill(server, keys, VALUE)
        without = settled(server)
        server.set_tier(*TIER)
        built = settled(server)
        server.call("FLUSHALL", "SYNC")
        server.call("TIER.DEL", TIER[0])
        server.set_tier(*TIER)
        fill(server, keys, VALUE)
        if (held := server.stats()["cache_size"]) != count:
            raise RuntimeError(f"the index holds {held} keys, not {count}")
        written = settled(server)
        server.call("FLUSHALL", "SYNC")
        left = settled(server)
    used = {"built": built - without, "written": written - without, "left": left - empty}
    return {name: size / count for name, size in used.items()}


def settled(server: Server) -> int:
    """Memory after it has stopped changing: hash tables that grow are rehashed in steps."""
    before, deadline = -1, time.monotonic() + SETTLE_SECONDS
    while (now := server.memory()) != before and time.monotonic() < deadline:
        before = now
        time.sleep(0.3)
    return now


def _soak(settings: Settings) -> list[Figure]:
    """Memory under mixed traffic, and after everything was removed; without --soak no figures."""
    if not settings.soak_seconds:
        return []
    samples, begin = [], time.monotonic()
    with Server(settings.module) as server:
        empty = settled(server)
        with Traffic(server) as traffic:
            while (at := time.monotonic() - begin) < settings.soak_seconds:
                samples.append((at, server.memory(), server.client.dbsize()))
                time.sleep(min(1.0, settings.soak_seconds / 20))
        commands = traffic.commands
        server.call("CACHE.INVALIDATE", "ALL", "ALLKEYS")
        server.call("FLUSHALL", "SYNC")
        for name in traffic.TIERS:
            server.call("TIER.DEL", name)
        left = settled(server) - empty
    settings.keep("row 16, soak: seconds, used_memory, keys", samples)
    steady = [sample for sample in samples if sample[0] >= WARM_UP * settings.soak_seconds]
    slope = _slope(steady)
    used = median(used for _, used, _ in steady)
    keys_from, keys_to = min(keys for _, _, keys in steady), max(keys for _, _, keys in steady)
    work = f"{settings.soak_seconds} s of mixed traffic, {commands:,} commands"
    return [
        Figure(16, f"{work}: slope of used_memory, number of keys constant", "", [slope * 60 / 1e3], "kB a minute",
               remark=f"at {used / 1e6:.1f} MB and {keys_from:,} to {keys_to:,} keys; {slope * 3600 / used:+.1%} in an hour"),
        Figure(16, f"{work}: bytes left after everything was removed", "", [left / 1e3], "kB"),
    ]


def _slope(samples: list[tuple[float, int, int]]) -> float:
    """Bytes a second: a plane is fitted over time and number of keys, because the number varies at random."""
    seconds, used, keys = np.array(samples).T
    return float(np.linalg.lstsq(np.array([np.ones(len(used)), seconds, keys]).T, used, rcond=None)[0][1])
