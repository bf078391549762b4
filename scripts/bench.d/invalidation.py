"""Row 11: invalidating some thousands of a million keys, against the methods of clients without the module.

All sides work alternately on the same server and the same keys, which are written again before each; the number of deleted
keys is checked. On this server UNLINK also updates the index, so scan and unlink are measured on a server without the
module as well. The effect on other clients is measured in separate runs, with the paced client of row 15.
"""

import asyncio
import time
from collections.abc import Callable
from statistics import median

import caches
from figures import Figure, growth, ratios
from fill import fill, numbered
from probe import VALUE as PROBED
from probe import Probe
from server import Server
from settings import Settings
from stall import PER_SECOND, percentiles

VALUE = "v" * 100
GONE, STAYS = "entry:gone:", "entry:stays:"
MINE, WIDE = "`PATTERN entry:gone:*`", "`PATTERN *:gone:*`"
SCAN, LUA, CASHEWS = "redis-py: scan_iter(count=1000), unlink by 1000", "Lua: KEYS, UNLINK", "cashews: delete_match"
BARE = f"{SCAN}, on a server without the module"
KEYS_AND_UNLINK = """
local keys = redis.call('KEYS', ARGV[1])
for i = 1, #keys, 5000 do redis.call('UNLINK', unpack(keys, i, math.min(i + 4999, #keys))) end
return #keys
"""
EFFECT_MS, ABOVE_IDLE_MS = 1.0, 2.0
AT_LEAST = {10_000: 15, 100_000: 5}  # times as fast as scan and unlink


def measure(settings: Settings) -> list[Figure]:
    figures, costs = [], []
    with Server(settings.module) as server, Server(None) as bare:
        server.set_tier("entry", "PATTERN", "entry:*", "TTL", 86_400)
        for each in (server, bare):
            fill(each, numbered(STAYS, settings.keys - settings.matches[-1]), VALUE)
        sides = _sides(server)
        for matches in settings.matches:
            _round(server, bare, sides, matches, 0)  # warm-up, not counted
            rounds = [_round(server, bare, sides, matches, i) for i in range(settings.invalidations)]
            settings.keep(f"row 11, {matches} keys, ms", rounds)
            costs.append(median(of[MINE] for of in rounds))
            figures += _times(rounds, matches, settings)
        figures += _watched(server, sides, settings)
    grown = growth(11, f"`CACHE.INVALIDATE {MINE[1:]}", settings.matches, costs, "ms", by="matches")
    return figures + [figure for figure in [grown] if figure]


def _sides(server: Server) -> dict[str, Callable[[], object]]:
    """Functions that invalidate the keys, by name; peers that are not installed are left out."""
    sides = {
        MINE: lambda: server.call("CACHE.INVALIDATE", "PATTERN", f"{GONE}*"),
        WIDE: lambda: server.call("CACHE.INVALIDATE", "PATTERN", "*:gone:*"),
        SCAN: lambda: _scan_and_unlink(server),
        LUA: lambda: server.client.eval(KEYS_AND_UNLINK, 0, f"{GONE}*"),
    }
    if caches.is_installed("cashews"):
        sides[CASHEWS] = lambda: asyncio.run(_delete_match(server.port))
    return sides


def _scan_and_unlink(server: Server) -> None:
    keys = []
    for key in server.client.scan_iter(match=f"{GONE}*", count=1000):
        keys.append(key)
        if len(keys) == 1000:
            server.client.unlink(*keys)
            keys.clear()
    if keys:
        server.client.unlink(*keys)


async def _delete_match(port: int) -> None:
    from cashews import Cache

    cache = Cache()
    cache.setup(f"redis://127.0.0.1:{port}")
    await cache.delete_match(f"{GONE}*")
    await cache.close()


def _round(server: Server, bare: Server, sides: dict[str, Callable], matches: int, i: int) -> dict[str, float]:
    """Milliseconds of each side, every other round in reverse order, and until `ASYNC` is in effect."""
    runs = {name: (server, invalidate) for name, invalidate in sides.items()}
    runs[BARE] = (bare, lambda: _scan_and_unlink(bare))
    order = list(runs) if i % 2 == 0 else list(reversed(runs))
    return {name: _timed(*runs[name], matches) for name in order} | {"effect": _effect(server, matches)}


def _timed(server: Server, invalidate: Callable, matches: int) -> float:
    rest = _write(server, matches)
    begin = time.perf_counter()
    invalidate()
    took = time.perf_counter() - begin
    _await_size(server, rest, 0)
    return took * 1e3


def _effect(server: Server, matches: int) -> float:
    """Milliseconds from sending the command until CACHE.GET replies nil for the last of the keys."""
    rest = _write(server, matches)
    last = list(numbered(GONE, matches))[-1]
    if server.call("CACHE.GET", last) != VALUE:
        raise RuntimeError("a written entry is absent")
    begin = time.perf_counter()
    server.call("CACHE.INVALIDATE", "PATTERN", f"{GONE}*", "ASYNC")
    while server.call("CACHE.GET", last) is not None:
        pass
    took = time.perf_counter() - begin
    _await_size(server, rest, 60)
    return took * 1e3


def _write(server: Server, matches: int) -> int:
    """Writes the keys that are invalidated later; returns the number of other keys."""
    rest = server.client.dbsize()
    fill(server, numbered(GONE, matches), VALUE)
    if server.client.dbsize() != rest + matches:
        raise RuntimeError("keys of the previous round still exist")
    return rest


def _await_size(server: Server, size: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (there := server.client.dbsize()) != size:
        if time.monotonic() >= deadline:
            raise RuntimeError(f"{there} keys exist, not {size}")
        time.sleep(0.001)


def _watched(server: Server, sides: dict[str, Callable], settings: Settings) -> list[Figure]:
    """How much longer another client waits while each side runs, with the largest number of keys."""
    server.call("SET", "probe", PROBED.decode())
    runs: dict[str, list[dict]] = {name: [] for name in sides}
    with Probe(server.port, PER_SECOND) as probe:
        probe.start(100)  # the process needs longer to start than an invalidation to run
        probe.result()
        for _ in range(settings.stalls):
            for name, invalidate in sides.items():
                _write(server, settings.matches[-1])
                runs[name].append(_watch(probe, invalidate))
    settings.keep("row 11, another client", runs)
    work = f"`GET` of another client ({PER_SECOND} a second) while {settings.matches[-1]:,} of {settings.keys:,} keys are invalidated"
    figures = []
    for name, of in runs.items():
        above = [run["busy"]["p99.9"] - run["idle"]["p99.9"] for run in of]
        both = " ms, idle ".join(f"{median(run[side]['p99.9'] for run in of):.3f}" for side in ("busy", "idle"))
        requests = median(run["requests"] for run in of)
        figures.append(Figure(11, f"{work}, {name}: p99.9 above idle", "the same client, idle server", above, "ms",
                              at_most=ABOVE_IDLE_MS if name == MINE else None,
                              remark=f"{both} ms; {requests:.0f} requests a side"))
    return figures


def _watch(probe: Probe, invalidate: Callable) -> dict:
    """The client during an invalidation, and for as many requests on the idle server. Milliseconds."""
    probe.start()
    time.sleep(0.02)  # the client sends requests before the invalidation begins
    invalidate()
    busy = probe.stop()
    time.sleep(0.2)
    probe.start(len(busy))
    idle = probe.result()
    return {"requests": len(busy), "busy": percentiles(busy), "idle": percentiles(idle)}


def _times(rounds: list[dict[str, float]], matches: int, settings: Settings) -> list[Figure]:
    def of(name: str) -> list[float]:
        return [times[name] for times in rounds]

    work = f"`CACHE.INVALIDATE`, {matches:,} of {settings.keys:,} keys"
    figures = [Figure(11, f"{work}: `ASYNC` until CACHE.GET replies nil", "", of("effect"), "ms", at_most=EFFECT_MS)]
    for mine in (MINE, WIDE):
        for peer in (SCAN, BARE, LUA, CASHEWS):
            if peer not in rounds[0]:
                figures.append(Figure(11, f"{work}, {mine}", peer, [], remark="not installed"))
                continue
            least = AT_LEAST.get(matches) if (mine, peer) == (MINE, SCAN) else None
            figures.append(Figure(11, f"{work}, {mine}", peer, ratios(of(peer), of(mine)), "x as fast", at_least=least,
                                  remark=f"{median(of(mine)):.1f} ms to {median(of(peer)):.1f} ms"))
    return figures
