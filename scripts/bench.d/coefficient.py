"""Row 7: one coefficient, and a hundred, against `GET` and pandas' `.loc`."""

import time
from statistics import median

import numpy as np

import load
import machine
from caches import is_installed
from figures import Figure, ratios
from load import Load
from server import Server
from settings import Settings
from tables import Table

MANY = 100
MOST_US = 10.0


def measure(settings: Settings) -> list[Figure]:
    """On the largest table; single coefficients by 50 connections with a pipeline of 16, as row 1."""
    table = settings.tables[-1]
    with Server(settings.module, table.path.parent) as server:
        server.load("m", table.file)
        server.await_ready("m")
        buyer, supplier = table.names[0], table.names[table.nodes // 2]
        coefficient = server.call("MODEL.COEF", "m", *supplier, *buyer)
        server.call("SET", "k", coefficient)
        server_cores, client_cores = machine.split_cores()
        server.pin(server_cores)
        rounds = _alternate(server, {"coefficient": ["MODEL.COEF", "m", *supplier, *buyer], "get": ["GET", "k"]}, client_cores, settings)
        many = [_many(server, table.names) for _ in range(settings.middle_rounds)]
    pandas = [_pandas(table) for _ in range(settings.middle_rounds)] if is_installed("pandas") else []
    settings.keep("row 7", {"many_us": many, "pandas_us": pandas})
    speed = [of["coefficient"].per_second / of["get"].per_second for of in rounds]
    return [
        Figure(7, "`MODEL.COEF`, 50 connections, pipeline 16: throughput", "`GET` of the same number", speed, "x", at_least=0.85),
        Figure(7, f"`MODEL.MCOEF`, {MANY} coefficients: time in the command", "", many, "us", at_most=MOST_US),
        Figure(7, f"`MODEL.MCOEF`, {MANY} coefficients", "pandas, as many `.loc`", ratios(pandas, many) if pandas else [], "x as fast",
               remark=f"pandas {median(pandas):,.0f} us" if pandas else "pandas is not installed"),
    ]


def _alternate(server: Server, commands: dict, client_cores: set[int], settings: Settings) -> list[dict[str, Load]]:
    """Rounds of both commands, every other round in reverse order."""
    rounds = []
    for i in range(settings.many_rounds):
        order = list(commands) if i % 2 == 0 else list(reversed(commands))
        rounds.append({name: load.run(server, commands[name], settings.requests, client_cores) for name in order})
    return rounds


def _many(server: Server, names: list[tuple[str, str]]) -> float:
    """Microseconds in the command for many coefficients of one buyer."""
    pairs = [word for supplier in names[:: max(1, len(names) // MANY)][:MANY] for word in (*supplier, *names[0])]
    server.call("CONFIG", "RESETSTAT")
    for _ in range(MANY):
        server.call("MODEL.MCOEF", "m", len(pairs) // 4, *pairs)
    return server.client.info("commandstats")["cmdstat_model.mcoef"]["usec_per_call"]


def _pandas(table: Table) -> float:
    """Microseconds of as many `.loc` of a frame with the labels of the table."""
    import pandas

    labels = ["_".join(name) for name in table.names]
    frame = pandas.DataFrame(np.load(table.matrices()[0], mmap_mode="r"), index=labels, columns=labels)
    suppliers = labels[:: max(1, len(labels) // MANY)][:MANY]
    begin = time.perf_counter()
    for supplier in suppliers:
        frame.loc[supplier, labels[0]]
    return (time.perf_counter() - begin) * 1e6
