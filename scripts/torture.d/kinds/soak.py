"""Mixed traffic for an hour, with a replica and rewrites of the append-only file: memory does not grow."""

import json
import subprocess
import sys
import time
from pathlib import Path

import mixed
import waiting
from slope import slope
from wire import Connection

ROUNDS = 3600  # seconds of traffic
QUICK = 5  # too few for a slope; the rest is checked
SABOTAGE = "memory that FLUSHALL does not free: scripts"

PROCESSES = 2
EVERY_SECONDS = 5
WARM_UP = 0.2  # of the time: caches, pools and statistics are filled
# Growth beyond doubt is a finding above these. Names are steady, but the tokens of lost leases (65,536) and failures
# (16,384) are remembered: 5.9 MB and, with reasons of 60 bytes, 1.8 MB, which fill during hours. A leak grows without end.
MOST_PER_HOUR = {"used_memory": 6, "rss": 16, "index": 1, "replica_memory": 2, "fds": 2, "threads": 1}
# What a server may keep of the traffic after FLUSHALL, compared with a minute of it, when all tables of what is remembered
# are full: tokens of lost leases 5.9 MB, used tokens (65,536) 5.5 MB, failures 1.8 MB, marks of prefetched keys 1 MB.
MOST_KEPT = 15 << 20
GAUGES = (
    "blocked",
    "cache_leases",
    "cache_waiters",
    "pending",
    "loading",
    "running",
    "backlog",
    "waiting",
    "cache_sweeps",
    "cache_bans",
    "job_waiters",
)
MB = 1 << 20


def run(context):
    Soak(context).run()


class Soak:
    def __init__(self, context):
        self.context = context
        persistence = ("--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", 0)
        self.server = context.server(*persistence, "--assess.default-wait-ms", 30_000)
        self.replica = context.server(replica_of=self.server)
        self.client, self.second = Connection(self.server.socket()), Connection(self.replica.socket())
        self.samples: list[dict[str, float]] = []

    def run(self):
        mixed.prepare(self.client)
        self.traffic(min(self.context.rounds / 4, 60), sample=False)
        before = self.emptied()
        mixed.prepare(self.client)
        self.traffic(self.context.rounds, sample=True)
        self.agree()
        if self.context.sabotage:
            for number in range(160):
                self.client.good("SCRIPT", "LOAD", f"return '{number}{'x' * 100_000}'")
        kept = self.emptied() - before
        self.context.count("kept kB after FLUSHALL", kept // 1024)
        if kept > MOST_KEPT:
            self.context.finding(f"after FLUSHALL the server has {kept} bytes more than before the traffic")
        self.judge()
        for server, client in (("master", self.client), ("replica", self.second)):
            for field in ("panics", "replay_errors"):
                if number := client.integer(field):
                    self.context.finding(f"{server}: assess_{field} is {number}")

    def traffic(self, seconds, sample):
        words, pipe = [sys.executable, "-B", Path(mixed.__file__), str(self.server.port)], subprocess.PIPE
        seeds = [str(self.context.random.randrange(1 << 30)) for _ in range(PROCESSES)]
        processes = [
            subprocess.Popen([*words, seed], stdin=pipe, stdout=pipe, stderr=pipe, text=True) for seed in seeds
        ]
        begun = time.monotonic()
        try:
            self.watch(processes, begun, seconds, sample)
        finally:
            ends = [process.communicate() for process in processes]
        for process, (output, errors) in zip(processes, ends, strict=True):
            if process.returncode:
                self.context.finding(f"traffic ended with an error:\n{errors[-3000:]}")
            elif sample:
                self.context.count("commands", json.loads(output)["commands"])
                for code, number in json.loads(output)["refused"].items():
                    self.context.count(f"replies {code}", number)

    def watch(self, processes, begun, seconds, sample):
        """Takes samples; now and then rewrites the append-only file and interrupts the replica."""
        turn = 0
        while (passed := time.monotonic() - begun) < seconds:
            if any(process.poll() is not None for process in processes) or self.context.crashes():
                return
            turn += 1
            if turn % 60 == 10:
                self.client.good("BGREWRITEAOF")
            if turn % 120 == 60:
                self.client.good("CLIENT", "KILL", "TYPE", "replica")
            if sample:
                self.samples.append({"second": passed, **self.measured()})
                self.context.outcome.rounds = int(passed) + 1
            self.context.progress(
                f"{passed:.0f} of {seconds:.0f} s, {self.samples[-1] if self.samples else 'warming up'}"
            )
            time.sleep(min(EVERY_SECONDS, seconds / 4))  # the distance of samples, not a wait

    def measured(self):
        status = dict(line.split(":", 1) for line in Path(f"/proc/{self.server.pid}/status").read_text().splitlines())
        return {
            "used_memory": self.memory(self.client) / MB,
            "rss": int(status["VmRSS"].split()[0]) / 1024,
            "index": self.client.integer("cache_index_bytes") / MB,
            "replica_memory": self.memory(self.second) / MB,
            "fds": len(list(Path(f"/proc/{self.server.pid}/fd").iterdir())),
            "threads": int(status["Threads"]),
        }

    @staticmethod
    def memory(client):
        """What data set and module use: without the buffers of clients, of replication and of the append-only file."""
        lines = client.good("INFO", "memory").decode().split()
        info = {name: value for name, _, value in (line.partition(":") for line in lines)}
        buffers = ("mem_clients_normal", "mem_clients_slaves", "mem_aof_buffer", "mem_total_replication_buffers")
        return int(info["used_memory"]) - sum(int(info[name]) for name in buffers)

    def emptied(self):
        """Memory after all data were deleted and all work has ended."""
        for name in mixed.TIERS:
            self.client.good("TIER.DEL", name)
        self.client.good("FLUSHALL", "SYNC")
        waiting.until(lambda: all(self.client.integer(gauge) == 0 for gauge in GAUGES), f"all of {GAUGES} are 0")
        for field in ("cache_entries", "models", "queues"):
            if number := self.client.integer(field):
                self.context.finding(f"after FLUSHALL, assess_{field} is {number}")
        self.agree()
        return self.memory(self.client)

    def agree(self):
        """The replica has the same data."""

        def is_equal():
            return self.client.good("DEBUG", "DIGEST") == self.second.good("DEBUG", "DIGEST")

        waiting.until(is_equal, "master and replica have the same digest", poll=0.2)

    def judge(self):
        warm = [sample for sample in self.samples if sample["second"] >= WARM_UP * self.context.rounds]
        (self.server.folder / "samples.json").write_text(json.dumps(self.samples))
        if len(warm) < 40:
            print("torture: soak: too short for a slope, which was not judged", file=sys.stderr)
            return
        for name, most in MOST_PER_HOUR.items():
            growth = slope([(sample["second"], sample[name]) for sample in warm])
            unit = "" if name in ("fds", "threads") else "MB"
            self.context.count(f"{unit}/h {name}", round(growth.by_hour, 3))
            print(
                f"torture: soak: {name}: {growth.text(unit)}, at the end {warm[-1][name]:.1f} {unit}", file=sys.stderr
            )
            if growth.is_above(most):
                self.context.finding(f"{name} grows by {growth.text(unit)}; the limit is {most}")
