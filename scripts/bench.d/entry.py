"""Row 2: an entry of a tier, with all its statistics, against GET of the same bytes. 50 connections, pipeline 16.

Two access patterns: always the same key, and random keys out of all keys in the index. The peers are plain `GET` of the
same keys, and a Lua script that gets and counts (EVALSHA): the usual solution without the module.
"""

from statistics import median

import load
import machine
from figures import Figure, growth, ratios
from fill import fill, numbered
from load import Load
from server import Server
from settings import Settings

VALUE = "v" * 1536
TIER = ("PATTERN", "entry:*", "TTL", 86_400)
COUNTING = """
local value = redis.call('GET', KEYS[1])
redis.call('HINCRBY', KEYS[2], value and 'hits' or 'misses', 1)
return value
"""
NAMES = {"cache": "`CACHE.GET k`", "get": "`GET k`", "lua": "Lua: GET and HINCRBY of a counter, EVALSHA"}


def measure(settings: Settings) -> list[Figure]:
    """Ratios for one key and for the largest number of keys; the cost of a hit for each number of keys."""
    figures, costs = [], []
    with Server(settings.module) as server:
        server.set_tier("entry", *TIER)
        for keys in [1, *settings.key_counts]:
            fill(server, numbered("entry:", keys), VALUE)
            is_last = keys == settings.key_counts[-1]
            count = settings.many_rounds if is_last or keys == 1 else 2 * settings.few_rounds
            rounds = _alternate(server, keys, count, settings)
            settings.keep(f"row 2, {keys} keys", [{k: vars(v) for k, v in of.items()} for of in rounds])
            costs.append(median(of["cache"].process_us for of in rounds))
            if is_last or keys == 1:
                figures += _ratios(rounds, keys)
    grown = growth(2, "CPU of `CACHE.GET`", settings.key_counts, costs[1:], "us", by="keys")
    return figures + [figure for figure in [grown] if figure]


def _alternate(server: Server, keys: int, count: int, settings: Settings) -> list[dict[str, Load]]:
    """Rounds of all commands, every other round in reverse order; server and clients on separate cores."""
    key = f"entry:{load.AT_RANDOM}" if keys > 1 else next(numbered("entry:", 1))
    script = server.call("SCRIPT", "LOAD", COUNTING)
    commands = {"cache": ["CACHE.GET", key], "get": ["GET", key], "lua": ["EVALSHA", script, "2", key, "counters"]}
    first = next(numbered("entry:", 1))
    if {server.call(*(word.replace(key, first) for word in command)) for command in commands.values()} != {VALUE}:
        raise RuntimeError("the commands do not return the same bytes")
    server_cores, client_cores = machine.split_cores()
    server.pin(server_cores)
    for command in commands.values():
        load.run(server, command, settings.requests // 4, client_cores, keys)
    before, rounds = server.stats(), []
    for i in range(count):
        order = list(commands) if i % 2 == 0 else list(reversed(commands))
        rounds.append({name: load.run(server, commands[name], settings.requests, client_cores, keys) for name in order})
    after = server.stats()
    if after["misses"] != before["misses"] or after["hits"] - before["hits"] < count * settings.requests:
        raise RuntimeError("not every CACHE.GET was counted as a hit")
    return rounds


def _ratios(rounds: list[dict[str, Load]], keys: int) -> list[Figure]:
    def cpu(name: str) -> list[float]:
        return [of[name].process_us for of in rounds]

    def speed(name: str) -> list[float]:
        return [of[name].per_second / 1e3 for of in rounds]

    which = "one key" if keys == 1 else f"{keys:,} keys at random"
    figures = []
    for mine, peer in [("cache", "get"), ("cache", "lua"), ("lua", "get")]:
        has_target = (mine, peer) == ("cache", "get")
        work = f"{NAMES[mine]}, {len(VALUE)} bytes, {which}"
        figures += [
            Figure(2, f"{work}: throughput", NAMES[peer], ratios(speed(mine), speed(peer)), "x",
                   at_least=0.85 if has_target else None,
                   remark=f"{median(speed(mine)):.0f}k/s to {median(speed(peer)):.0f}k/s"),
            Figure(2, f"{work}: CPU of the process a request", NAMES[peer], ratios(cpu(mine), cpu(peer)), "x",
                   remark=f"{median(cpu(mine)):.2f} us to {median(cpu(peer)):.2f} us"),
        ]
    return figures
