"""redis-benchmark against a server: 50 connections, pipeline 16, and the cost of a request."""

import subprocess
from dataclasses import dataclass

import machine
from server import Server

CONNECTIONS, PIPELINE = 50, 16
RUN_SECONDS = 300  # limit for one redis-benchmark
AT_RANDOM = "__rand_int__"  # in a word: a number of twelve digits below `keys`


@dataclass
class Load:
    """The throughput of one redis-benchmark and its cost in the server."""

    per_second: float
    process_us: float  # CPU of the server process, microseconds a request
    main_us: float  # of that, its main thread


def run(server: Server, command: list[str], requests: int, client_cores: set[int], keys: int = 0) -> Load:
    """Runs redis-benchmark once; AT_RANDOM stands for one of `keys` numbers."""
    cores = ",".join(map(str, client_cores))
    tool = ["redis-benchmark", "-p", server.port, "-c", CONNECTIONS, "-P", PIPELINE, "-n", requests, "--csv"]
    if keys:
        tool += ["-r", keys]
    process, main = machine.process_cpu(server.pid), machine.main_thread_cpu(server.pid)
    done = subprocess.run(
        ["taskset", "-c", cores, *map(str, [*tool, *command])],
        timeout=RUN_SECONDS, check=True, capture_output=True, text=True,
    )
    process, main = machine.process_cpu(server.pid) - process, machine.main_thread_cpu(server.pid) - main
    last = done.stdout.strip().splitlines()[-1]
    per_second = float(last.split('","')[1].strip('"'))
    return Load(per_second, process / requests / 1e3, main / requests / 1e3)
