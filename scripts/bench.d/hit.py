"""Row 1: a cached assessment, against GET of the same bytes. 50 connections, pipeline 16.

Two requests: the plain one, `ASSESS.GET model region sector`, whose document has lists of ten, and one whose TOP makes
the document about 1.5 kB long.

The peer is `GET` of the cached key (`ASSESS.KEY`), which is a plain string: the same bytes under the same name. Two other
peers have no target: `GET` of the same bytes under a short name, which is slightly cheaper, and `GETRANGE key 0 -1`, a
command of the server with four words, because a part of the cost of a longer command is that the server parses it.
"""

import json
from statistics import median

import load
import machine
from figures import Figure, growth, ratios
from load import Load
from server import Server
from settings import Settings

DOCUMENT_BYTES = 1536
SHORT = "k"  # a key with a short name and the same value


def measure(settings: Settings) -> list[Figure]:
    """Ratios on the largest table, and the CPU of a hit at every size."""
    figures, sizes, costs = [], [], []
    for table in settings.tables:
        with Server(settings.module, table.path.parent) as server:
            server.load("m", table.file)
            server.call("MODEL.INDICATOR", "m", "risk", "DATA", json.dumps(table.region_values()), "BY", "region")
            server.await_ready("m")
            subject = table.names[table.nodes // 3]
            top, document = _document_of(server, subject)
            server.call("SET", SHORT, document)
            is_last = table is settings.tables[-1]
            count = settings.many_rounds if is_last else 2 * settings.few_rounds
            rounds = _alternate(server, subject, top, count, settings)
        sizes.append(table.nodes)
        costs.append(median(of["hit"].process_us for of in rounds))
        settings.keep(f"row 1, {table.nodes} nodes", [{k: vars(v) for k, v in of.items()} for of in rounds])
        if is_last:
            figures += _ratios(rounds, len(document), top)
    return figures + [f for f in [growth(1, "CPU of a hit", sizes, costs, "us")] if f]


def _document_of(server: Server, subject: tuple[str, str]) -> tuple[int, str]:
    """The TOP whose document is nearest to DOCUMENT_BYTES, and that document, which is then cached."""
    documents = {top: server.call("ASSESS.GET", "m", *subject, "TOP", top, "NOCACHE") for top in range(1, 11)}
    top = min(documents, key=lambda top: abs(len(documents[top]) - DOCUMENT_BYTES))
    return top, server.call("ASSESS.GET", "m", *subject, "TOP", top)


def _alternate(server: Server, subject: tuple[str, str], top: int, count: int, settings: Settings) -> list[dict]:
    """Rounds of all commands, every other round in reverse order; server and clients on separate cores."""
    ask = ["ASSESS.GET", "m", *subject]
    commands = {
        "get": ["GET", server.call("ASSESS.KEY", *ask[1:], "TOP", top)],
        "short": ["GET", SHORT],
        "words": ["GETRANGE", SHORT, "0", "-1"],
        "hit": [*ask, "TOP", str(top)],
        "named": [*ask, "INDICATOR", "risk", "TOP", str(top)],
    }
    _same_bytes(server, commands)
    plain = {"plain": ask, "plain-get": ["GET", server.call("ASSESS.KEY", *ask[1:])]}
    server.call(*ask)
    server.await_key(plain["plain-get"][1])
    _same_bytes(server, plain)
    commands |= plain
    server_cores, client_cores = machine.split_cores()
    server.pin(server_cores)
    for command in commands.values():
        load.run(server, command, settings.requests // 4, client_cores)
    before, rounds = server.counters(), []
    for i in range(count):
        order = list(commands) if i % 2 == 0 else list(reversed(commands))
        rounds.append({name: load.run(server, commands[name], settings.requests, client_cores) for name in order})
    after = server.counters()
    if after["misses"] != before["misses"] or after["hits"] - before["hits"] < 3 * count * settings.requests:
        raise RuntimeError("not every request was a hit")
    return rounds


def _same_bytes(server: Server, commands: dict[str, list[str]]) -> None:
    if len({server.call(*command) for command in commands.values()}) != 1:
        raise RuntimeError("the commands do not return the same bytes")


def _ratios(rounds: list[dict[str, Load]], size: int, top: int) -> list[Figure]:
    def cpu(name: str) -> list[float]:
        return [of[name].process_us for of in rounds]

    def speed(name: str) -> list[float]:
        return [of[name].per_second / 1e3 for of in rounds]

    forms = {
        "plain": ("`ASSESS.GET m R S`, default length", "plain-get"),
        "hit": (f"`ASSESS.GET m R S TOP {top}`", "get"),
        "named": (f"`ASSESS.GET m R S INDICATOR i TOP {top}`", "get"),
        "words": ("the server's own `GETRANGE k 0 -1`", "short"),
    }
    peers = {"get": "`GET` of the cached key", "short": "`GET k`, the same bytes", "plain-get": "`GET` of the cached key"}
    figures = []
    for name, (form, peer) in [*forms.items(), ("hit", (forms["hit"][0], "short"))]:
        has_target = name != "words" and peer != "short"
        work = f"hit, {form}" if name == "plain" else f"hit, {size} bytes, {form}"
        figures += [
            Figure(1, f"{work}: CPU of the process a request", peers[peer], ratios(cpu(name), cpu(peer)), "x",
                   at_most=1.25 if has_target else None,
                   remark=f"{median(cpu(name)):.2f} us to {median(cpu(peer)):.2f} us"),
            Figure(1, f"{work}: throughput", peers[peer], ratios(speed(name), speed(peer)), "x",
                   at_least=0.85 if has_target else None,
                   remark=f"{median(speed(name)):.0f}k/s to {median(speed(peer)):.0f}k/s"),
        ]
    return figures
