"""The measured rows of docs/operations.md#sizing: bytes of one entry, tag, lease, waiter, job, model and more.

    .venv/bin/python scripts/bench.d/sizing.py [--module FILE] [--nodes 600,1435]

scripts/bench installs the client into .venv. Each row is a difference of used_memory on a server of its own, divided by
the number of things; a model's row also has the resident memory of the process. A minute on two cores.
"""

import argparse
import json
import random
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from memory import settled
from server import Server

ROOT = Path(__file__).resolve().parent.parent.parent
MODULE = ROOT / "target/release/libredis_assess.so"
MANY = 100_000
WAITERS = 1_000
FAILURES = 10_000
LEASES_A_CONNECTION = 10_000
IDLE_SECONDS = 5
SECTORS = 30
SEED = 7
SECONDS = 30
VALUE = "v" * 100


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--module", type=Path, default=MODULE)
    parser.add_argument("--nodes", type=lambda text: [int(part) for part in text.split(",")], default=[600, 1435])
    given = parser.parse_args()
    if not given.module.is_file():
        raise SystemExit(f"sizing: error: no module at {given.module}: cargo build --release")
    for measure in (entries, leases, waiters, failures, jobs):
        show(measure(given.module))
    for nodes in given.nodes:
        show(model(given.module, nodes))


def show(rows: dict[str, str]) -> None:
    for what, figure in rows.items():
        print(f"{what:<72} {figure}", flush=True)


def entries(module: Path) -> dict[str, str]:
    """Plain and tagged entries of 100 bytes, in a tier and in none."""
    found = {}
    for what, tier, tags in [
        ("a key of 18 bytes with a string of 100 bytes, in no tier, with a TTL", False, 0),
        ("the same in a tier", True, 0),
        ("the same with 1 tag of its own", True, 1),
        ("the same with 4 tags of its own", True, 4),
        ("the same with 4 tags that all entries have", True, -4),
    ]:
        with Server(module) as server:
            if tier:
                server.set_tier("e", "PATTERN", "entry:*", "TTL", 3600)
            before = settled(server)
            commands = (["CACHE.SET", f"entry:{i:012d}", VALUE, *([] if tier else ["TTL", 3600]), *_tags(i, tags)] for i in range(MANY))
            pipelined(server, commands)
            found[what] = f"{(settled(server) - before) / MANY:,.0f} B"
    return found


def _tags(entry: int, tags: int) -> list:
    if not tags:
        return []
    return ["TAGS", abs(tags), *(f"tag:{entry * tags + at if tags > 0 else at:012d}" for at in range(abs(tags)))]


def leases(module: Path) -> dict[str, str]:
    """Leases of absent keys, held by as few connections as may hold them."""
    with Server(module) as server:
        server.set_tier("e", "PATTERN", "entry:*", "TTL", 3600)
        before, held = settled(server), []
        for start in range(0, MANY, LEASES_A_CONNECTION):
            held.append(socket.create_connection(("127.0.0.1", server.port)))
            for i in range(start, start + LEASES_A_CONNECTION):
                held[-1].sendall(encoded(["CACHE.FETCH", f"entry:{i:012d}", "LEASE", 600_000]))
                if i % 100 == 99:
                    read_until(held[-1], b"lease", 100)
        if (granted := server.stats()["leases"]) != MANY:
            raise RuntimeError(f"{granted} leases, not {MANY}")
        row = {"a lease on a key of 18 bytes": f"{(settled(server) - before) / MANY:,.0f} B"}
        for connection in held:
            connection.close()
        return row


def waiters(module: Path) -> dict[str, str]:
    """Clients that wait for one value, beside what Redis has for a connection."""
    with Server(module) as server:
        server.set_tier("e", "PATTERN", "entry:*", "TTL", 3600)
        server.call("CACHE.FETCH", "entry:0", "LEASE", 600_000)
        without = idle(server)
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(WAITERS)]
        for client in clients:
            client.sendall(encoded(["CACHE.TTL", "entry:0"]))
            read_until(client, b"bytes", 1)
        before = idle(server)
        for client in clients:
            client.sendall(encoded(["CACHE.FETCH", "entry:0", "WAIT", 600_000]))
        until(lambda: server.stats()["waiters"] == WAITERS)
        row = {
            "an idle connection, of which nothing is the module's": f"{(before - without) / WAITERS:,.0f} B",
            "a client that waits in CACHE.FETCH, beside its connection": f"{(idle(server) - before) / WAITERS:,.0f} B",
        }
        for client in clients:
            client.close()
        return row


def failures(module: Path) -> dict[str, str]:
    """Failures that a tier with NEGATIVE remembers."""
    with Server(module) as server:
        server.set_tier("e", "PATTERN", "entry:*", "TTL", 3600, "NEGATIVE", 600)
        before = settled(server)
        for i in range(FAILURES):
            token = server.call("CACHE.FETCH", f"entry:{i:012d}", "LEASE", 600_000)[1]
            server.call("CACHE.FAIL", f"entry:{i:012d}", token, "no such row")
        return {"a remembered failure, key of 18 bytes, reason of 11": f"{(settled(server) - before) / FAILURES:,.0f} B"}


def jobs(module: Path) -> dict[str, str]:
    """Jobs of 200 bytes: waiting, and completed with a result of 2 bytes, kept for a day."""
    with Server(module) as server:
        server.call("JOB.CONFIG", "q", "MAXRUNNING", MANY, "KEEP", "completed", 86_400)
        before = settled(server)
        pipelined(server, (["JOB.SUBMIT", "q", "t", "p" * 200] for _ in range(MANY)))
        waiting = settled(server) - before
        done = 0
        while done < MANY:
            claimed = server.call("JOB.CLAIM", "q", 1, "t", "COUNT", 100)
            flat = [dict(zip(job[::2], job[1::2])) if isinstance(job, list) else job for job in claimed]
            pipelined(server, (["JOB.COMPLETE", "q", job["id"], job["token"], "ok"] for job in flat))
            done += len(flat)
        kept = settled(server) - before
    return {
        "a waiting job, beside its payload of 200 bytes": f"{waiting / MANY - 200:,.0f} B",
        "a completed job that is kept, its payload of 200 bytes included": f"{kept / MANY:,.0f} B",
    }


def model(module: Path, nodes: int) -> dict[str, str]:
    """A table in each form, a what-if of its own, its assessments and its history."""
    rows = {}
    folder = Path(tempfile.mkdtemp(prefix="assess-sizing-"))
    try:
        write_table(folder / "table.csv", nodes)
        size = nodes * nodes * 8
        for words in ([], ["LEONTIEF", "lazy"], ["PRECISION", "f32"], ["PRECISION", "f32", "LEONTIEF", "lazy"]):
            with Server(module, folder) as server:
                before, resident = settled(server), server.client.info("memory")["used_memory_rss"]
                server.call("MODEL.LOAD", "m", "IO", "FILE", "table.csv", *words)
                server.call("MODEL.INDICATOR", "m", "risk", "DATA", json.dumps({"R0": 1}), "BY", "region", "DEFAULT", "0.5")
                server.await_ready("m")
                taken = settled(server) - before
                info = server.client.info("memory")
                named = " ".join(words) or "the default"
                rows[f"a table of {nodes:,} nodes, {named}"] = (
                    f"{taken / 1e6:,.1f} MB = {taken / size:.2f} * n * n * 8; MODEL.INFO bytes {server.model('m')['bytes'] / 1e6:,.1f} MB, "
                    f"derived {server.model('m')['derived']}; resident {(info['used_memory_rss'] - resident) / 1e6:,.0f} MB, peak of the load "
                    f"{(info['used_memory_peak'] - before) / 1e6:,.0f} MB"
                )
                if not words:
                    rows |= assessments(server, nodes)
    finally:
        shutil.rmtree(folder)
    return rows


def assessments(server: Server, nodes: int) -> dict[str, str]:
    """Documents: stored, and pending while CLIENT PAUSE WRITE keeps them from being stored."""
    before = settled(server)
    subjects = [(f"R{at // SECTORS}", f"S{at % SECTORS}") for at in range(nodes // SECTORS * SECTORS)]
    pipelined(server, (["ASSESS.GET", "m", *subject] for subject in subjects))
    until(lambda: server.counters()["stored"] == len(subjects))
    document = len(server.client.get(server.call("ASSESS.KEY", "m", *subjects[0])))
    stored = (settled(server) - before) / len(subjects)
    rows = {f"a stored assessment of {nodes:,} nodes, TOP 10, document of {document:,} bytes": f"{stored:,.0f} B"}
    before = settled(server)
    server.call("CLIENT", "PAUSE", 60_000, "WRITE")
    try:
        pipelined(server, (["ASSESS.GET", "m", *subject, "TOP", 9] for subject in subjects))
        if pending := server.counters()["pending"]:
            rows["a result that is not stored yet, TOP 9"] = f"{(settled(server) - before) / pending:,.0f} B, {pending} pending"
    finally:
        server.call("CLIENT", "UNPAUSE")
    return rows


def write_table(path: Path, nodes: int) -> None:
    """Coefficients of which every column sums to about 0.6."""
    drawn = random.Random(SEED)
    names = [f"R{at // SECTORS},S{at % SECTORS}" for at in range(nodes)]
    with path.open("w") as file:
        file.write("from_region,from_sector,to_region,to_sector,coefficient\n")
        for supplier in names:
            file.writelines(f"{supplier},{buyer},{1.2 * drawn.random() / nodes:.9f}\n" for buyer in names)


def pipelined(server: Server, commands: Iterator[Sequence]) -> None:
    """Sends commands without waiting for each reply; the connection is closed afterwards. An error ends the measurement."""
    with server.client.pipeline(transaction=False) as pipe:
        for at, words in enumerate(commands, 1):
            pipe.execute_command(*words)
            if at % 2_000 == 0:
                pipe.execute()
        pipe.execute()


def idle(server: Server) -> int:
    """Memory with that of the clients, after the server has shrunk their buffers: it does so when they are idle for 2 s."""
    time.sleep(IDLE_SECONDS)
    return server.client.info("memory")["used_memory"]


def until(condition) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("not reached in time")
        time.sleep(0.02)


def encoded(words: Sequence) -> bytes:
    parts = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def read_until(connection: socket.socket, mark: bytes, count: int) -> None:
    """Reads until a mark has come so many times."""
    connection.settimeout(SECONDS)
    data = b""
    while data.count(mark) < count:
        if not (more := connection.recv(1 << 16)):
            raise RuntimeError("the server closed the connection")
        data += more


if __name__ == "__main__":
    main()
