"""Many callers of one cache in a separate process: all threads request the same key at the same moment.

Run as `callers.py PORT KIND THREADS COMPUTE_MS`. Reads JSON lists from standard input, one a line: the key, and the moment
of the request (monotonic clock, which all processes share). Prints one line: computations, and seconds of each wait.
"""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import caches

LATE = 0.5  # seconds from the call of a round until its beginning


class Callers:
    """The parent's side: starts the processes and makes all of them request a key."""

    def __init__(self, port: int, kind: str, processes: int, threads: int, compute_ms: int):
        words = [sys.executable, __file__, str(port), kind, str(threads), str(compute_ms)]
        pipe = subprocess.PIPE
        self.processes = [subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) for _ in range(processes)]

    def __enter__(self) -> "Callers":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def ask(self, key: str) -> tuple[int, list[float]]:
        """The number of computations, and the seconds that each caller waited."""
        begin = time.monotonic() + LATE
        for process in self.processes:
            process.stdin.write(json.dumps([key, begin]) + "\n")
            process.stdin.flush()
        answers = [json.loads(process.stdout.readline() or "null") for process in self.processes]
        if None in answers:
            raise RuntimeError("a process of callers ended")
        return sum(computes for computes, _ in answers), [wait for _, waits in answers for wait in waits]


def main() -> None:
    port, kind, threads, compute_ms = sys.argv[1:]
    cache = caches.KINDS[kind](int(port))
    pool = ThreadPoolExecutor(int(threads))
    computes = []

    def compute() -> str:
        computes.append(1)
        time.sleep(int(compute_ms) / 1e3)
        return "computed"

    def ask(key: str, begin: float) -> float:
        time.sleep(max(0, begin - time.monotonic()))
        if cache.ask(key, compute) != "computed":
            raise RuntimeError("the value is not the computed one")
        return time.monotonic() - begin

    for line in sys.stdin:
        key, begin = json.loads(line)
        computes.clear()
        waits = list(pool.map(ask, [key] * int(threads), [begin] * int(threads)))
        print(json.dumps([len(computes), waits]), flush=True)


if __name__ == "__main__":
    main()
