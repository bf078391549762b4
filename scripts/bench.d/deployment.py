"""Row 17: the cost of plain SET, GET and DEL on a server that has loaded the module. 50 connections, pipeline 16.

Two servers, one with the module and one without, get the same commands alternately; random keys in no tier and in a tier.
DEL names keys that were written before; chance repeats some names, equally often on both sides.
"""

import contextlib
from collections.abc import Iterator
from statistics import median

import load
import machine
from figures import Figure, ratios
from fill import fill, numbered
from load import Load
from server import Server
from settings import Settings

VALUE = "v" * 100
PREFIXES = {"of no tier": "plain:", "of a tier": "entry:"}
AT_LEAST = {("GET", "of no tier"): 0.97, ("GET", "of a tier"): 0.97,
            ("SET", "of no tier"): 0.85, ("DEL", "of no tier"): 0.85,
            ("SET", "of a tier"): 0.65, ("DEL", "of a tier"): 0.65}
KEYS_A_REQUEST = 2  # so that most of the keys that DEL names still exist
Case = tuple[str, str, str]  # command, which keys, which server


def measure(settings: Settings) -> list[Figure]:
    keys = KEYS_A_REQUEST * settings.requests
    with contextlib.ExitStack() as stack:
        servers = {"with": stack.enter_context(Server(settings.module)), "without": stack.enter_context(Server(None))}
        servers["with"].set_tier("entry", "PATTERN", "entry:*", "TTL", 86_400)
        server_cores, client_cores = machine.split_cores()
        for server in servers.values():
            server.pin(server_cores)
        rounds = []
        for i in range(-1, settings.rounds):  # the first is a warm-up, not counted
            order = list(servers) if i % 2 == 0 else list(reversed(servers))
            rounds.append({case: of for case, of in _round(servers, order, keys, settings.requests, client_cores)})
        held = servers["with"].stats()["cache_size"]
    settings.keep("row 17", [{" ".join(case): vars(of) for case, of in each.items()} for each in rounds[1:]])
    settings.keep("row 17, keys of the tier that are left", held)
    return [figure for command in ("GET", "SET", "DEL") for which in PREFIXES
            for figure in _ratios(rounds[1:], command, which)]


def _round(
    servers: dict[str, Server], order: list[str], keys: int, requests: int, client_cores: set[int]
) -> Iterator[tuple[Case, Load]]:
    """All commands on both servers: a command on each, then the next command."""
    for which, prefix in PREFIXES.items():
        for server in servers.values():
            fill(server, numbered(prefix, keys), VALUE)
        key = f"{prefix}{load.AT_RANDOM}"
        for words in (["GET", key], ["SET", key, VALUE], ["DEL", key]):
            for name in order:
                yield (words[0], which, name), load.run(servers[name], words, requests, client_cores, keys)


def _ratios(rounds: list[dict[Case, Load]], command: str, which: str) -> list[Figure]:
    def speed(name: str) -> list[float]:
        return [of[command, which, name].per_second / 1e3 for of in rounds]

    def cpu(name: str) -> list[float]:
        return [of[command, which, name].process_us for of in rounds]

    work, peer = f"plain `{command}`, keys {which}, module loaded", "the same server without it"
    return [
        Figure(17, f"{work}: throughput", peer, ratios(speed("with"), speed("without")), "x",
               at_least=AT_LEAST[command, which],
               remark=f"{median(speed('with')):.0f}k/s to {median(speed('without')):.0f}k/s"),
        Figure(17, f"{work}: CPU of the process a request", peer, ratios(cpu("with"), cpu("without")), "x",
               remark=f"{median(cpu('with')):.2f} us to {median(cpu('without')):.2f} us"),
    ]
