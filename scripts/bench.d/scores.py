"""Row 9: scores of many rows in one command, against scikit-learn, XGBoost and LightGBM in this process; and one score
that is not cached, against GET of the same reply.

The comparison favours the peer: it is called in the process that holds the matrix, while the module is called through a
connection of redis-py. The time is measured from the client's matrix to the client's vector of scores.
"""

import json
import time
from statistics import median

import numpy as np
import redis

import exchanged
import load
import machine
import trained
from caches import is_installed
from figures import Figure, growth, ratios
from server import Server
from settings import Settings
from trained import Trained

ROWS = 500  # the target applies to this size
SIZES, QUICK_SIZES = [5, 50, 500, 5_000], [5, 500]
PEERS = [("sklearn", trained.logistic), ("xgboost", trained.xgboost_binary), ("lightgbm", trained.lightgbm_binary)]
SHORT = "k"  # a key with a short name and the same value
TOLERANCE = 1e-9
F32_TOLERANCE = 1e-6  # XGBoost computes its probability in f32


def measure(settings: Settings) -> list[Figure]:
    """Ratios for 500 rows, growth with the rows, and one score against GET."""
    if not (is_installed("sklearn") and is_installed("threadpoolctl")):
        return [Figure(9, f"scores of {ROWS} rows", "scikit-learn", [], remark="scikit-learn is not installed")]
    from threadpoolctl import threadpool_limits

    figures = []
    with Server(settings.module) as server, threadpool_limits(limits=1):
        server.call("CONFIG", "SET", "assess.max-batch", max(1_000, *SIZES))
        server_cores, _ = machine.split_cores()
        server.pin(server_cores)
        for package, train in PEERS:
            if is_installed(package):
                figures += _batches(server, train(), settings)
            else:
                figures.append(Figure(9, f"scores of {ROWS} rows", package, [], remark=f"{package} is not installed"))
        for package, train in exchanged.KINDS:
            if why := exchanged.missing(package):
                figures.append(Figure(9, f"scores of {ROWS} rows, more trees", package, [], remark=why))
            else:
                figures += _kind(server, train(), settings)
        figures += _single(server, trained.linear(), settings)
    return figures


class Asked:
    """ASSESS.BATCH of one model, from matrix to vector."""

    def __init__(self, server: Server, model: Trained):
        self.model = model
        self.client = redis.Redis(port=server.port)  # replies stay bytes
        self.client.execute_command("MODEL.SET", model.name, "SCORE", model.document)
        server.await_ready(model.name)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        reply = self.client.execute_command("ASSESS.BATCH", self.model.name, len(rows), rows.tobytes(), "FORMAT", "f64")
        return np.frombuffer(reply, "<f8")

    def send(self, rows: np.ndarray) -> object:
        """Sends as many bytes to a command that does nothing with them."""
        return self.client.execute_command("PUBLISH", "unused", rows.tobytes())


def _batches(server: Server, model: Trained, settings: Settings) -> list[Figure]:
    asked = Asked(server, model)
    sizes = QUICK_SIZES if settings.quick else SIZES
    rounds_of = {}
    for size in sizes:
        rows = model.rows(size)
        _agree(asked, rows)
        count = settings.rounds if size == ROWS else settings.few_rounds
        calls = 3 if settings.quick else max(10, 100_000 // size)
        rounds_of[size] = [_round(server, asked, rows, min(calls, 1_000), i % 2 == 1) for i in range(count)]
    settings.keep(f"row 9, {model.name}", rounds_of)
    return _figures(model, rounds_of)


def _kind(server: Server, model: Trained, settings: Settings) -> list[Figure]:
    """A batch of one more kind of trees, and one row of it."""
    asked = Asked(server, model)
    rows = model.rows(ROWS)
    _agree(asked, rows)
    calls = 3 if settings.quick else 100
    rounds = [_round(server, asked, rows, calls, i % 2 == 1) for i in range(settings.few_rounds)]
    settings.keep(f"row 9, {model.name}", rounds)
    took = [of["command_us"] for of in rounds]
    alone = _alone(server, model, rows[:calls])
    return [
        Figure(
            9,
            f"{ROWS} rows of {model.name}, `ASSESS.BATCH .. FORMAT f64`: time in the command",
            model.peer,
            ratios([of["peer_us"] for of in rounds], took),
            "x as fast",
            at_least=2,
            remark=f"{median(took):,.0f} us in the command; one row by `ASSESS.GET .. NOCACHE` {alone:.1f} us in the command",
        )
    ]


def _alone(server: Server, model: Trained, rows: np.ndarray) -> float:
    """Microseconds in ASSESS.GET for one row with its document."""
    server.call("CONFIG", "RESETSTAT")
    for row in rows:
        server.call("ASSESS.GET", model.name, json.dumps(dict(zip(model.features, row))), "NOCACHE")
    return server.client.info("commandstats")["cmdstat_assess.get"]["usec_per_call"]


def _round(server: Server, asked: Asked, rows: np.ndarray, calls: int, peer_first: bool) -> dict[str, float]:
    """Microseconds for each call: the round trip, the command alone, the peer, and the transport alone."""
    server.call("CONFIG", "RESETSTAT")
    sides = {"trip_us": asked.predict, "peer_us": asked.model.predict, "way_us": asked.send}
    order = list(reversed(sides)) if peer_first else list(sides)
    took = {side: _clock(sides[side], rows, calls) for side in order}
    counted = server.client.info("commandstats")["cmdstat_assess.batch"]
    if counted["calls"] != calls or counted["failed_calls"]:
        raise RuntimeError(f"{calls} batches were sent, but the server counts {counted}")
    return took | {"command_us": counted["usec"] / calls}


def _clock(predict: callable, rows: np.ndarray, calls: int) -> float:
    predict(rows)
    begin = time.perf_counter()
    for _ in range(calls - 1):
        predict(rows)
    return (time.perf_counter() - begin) / max(1, calls - 1) * 1e6


def _agree(asked: Asked, rows: np.ndarray) -> None:
    """Checks that both sides return the same scores, before the measurement."""
    mine, its = asked.predict(rows), asked.model.predict(rows)
    tolerance = F32_TOLERANCE if its.dtype == np.float32 else TOLERANCE
    if mine.shape != its.shape or not np.allclose(mine, its, rtol=tolerance, atol=tolerance):
        raise RuntimeError(f"{asked.model.name}: the server returns {mine[:5]}, {asked.model.peer} {its[:5]}")


def _figures(model: Trained, rounds_of: dict[int, list[dict]]) -> list[Figure]:
    def all_of(name: str) -> list[float]:
        return [of[name] for of in rounds_of[ROWS]]

    def by_size(name: str) -> list[float]:
        return [median(of[name] for of in rounds) for rounds in rounds_of.values()]

    work = f"{ROWS} rows of {model.name}, `ASSESS.BATCH .. FORMAT f64`"
    remark = (
        f"{median(all_of('trip_us')):,.0f} us to {median(all_of('peer_us')):,.0f} us; "
        f"as many bytes to PUBLISH alone {median(all_of('way_us')):,.0f} us"
    )
    has_target = "scikit-learn" in model.peer
    figures = [
        Figure(
            9,
            f"{work}: round trip of redis-py",
            model.peer,
            ratios(all_of("peer_us"), all_of("trip_us")),
            "x as fast",
            at_least=5 if has_target else None,
            remark=remark,
        ),
        Figure(
            9,
            f"{work}: time in the command",
            model.peer,
            ratios(all_of("peer_us"), all_of("command_us")),
            "x as fast",
            remark=f"{median(all_of('command_us')):,.0f} us in the command",
        ),
    ]
    sides = {"trip_us": "round trip", "command_us": "time in the command", "peer_us": model.peer}
    grown = [
        growth(9, f"a batch of {model.name}: {side}", list(rounds_of), by_size(name), "us", by="rows")
        for name, side in sides.items()
    ]
    return figures + [figure for figure in grown if figure]


def _single(server: Server, model: Trained, settings: Settings) -> list[Figure]:
    """One score, computed for each request, against GET of the same reply. 50 connections, pipeline 16."""
    Asked(server, model)
    row = model.values[0]
    request = ["ASSESS.GET", model.name, *(f"{name}={value:g}" for name, value in zip(model.features, row)), "NOCACHE"]
    server.call("SET", SHORT, server.call(*request))
    commands = {"score": request, "get": ["GET", SHORT]}
    if server.call(*commands["score"]) != server.call(*commands["get"]):
        raise RuntimeError("the commands do not return the same bytes")
    _, client_cores = machine.split_cores()
    for command in commands.values():
        load.run(server, command, settings.requests // 4, client_cores)
    rounds = []
    server.call("CONFIG", "RESETSTAT")
    for i in range(settings.many_rounds):
        order = list(commands) if i % 2 == 0 else list(reversed(commands))
        rounds.append({name: load.run(server, commands[name], settings.requests, client_cores) for name in order})
    inside = server.client.info("commandstats")["cmdstat_assess.get"]["usec_per_call"]
    settings.keep("row 9, single", [{name: vars(seen) for name, seen in of.items()} for of in rounds])

    def of(name: str, field: str) -> list[float]:
        return [getattr(seen[name], field) for seen in rounds]

    work = f"single: a score of {len(row)} features as name=value, `NOCACHE`"
    peer = f"`GET {SHORT}`, the same bytes"
    cpu = {name: of(name, "process_us") for name in commands}
    speed = {name: of(name, "per_second") for name in commands}
    return [
        Figure(
            9,
            f"{work}: CPU of the process a request",
            peer,
            ratios(cpu["score"], cpu["get"]),
            "x",
            at_most=1.6,
            remark=f"{median(cpu['score']):.2f} us to {median(cpu['get']):.2f} us; {inside:.2f} us in the command",
        ),
        Figure(
            9,
            f"{work}: throughput",
            peer,
            ratios(speed["score"], speed["get"]),
            "x",
            remark=f"{median(speed['score']) / 1e3:.0f}k/s to {median(speed['get']) / 1e3:.0f}k/s",
        ),
    ]
