"""A server with everything that can block a client, and the means to hold it there."""

import json
import os
import select

import waiting
from contents import await_ready, file
from watch import Careful
from wire import Error

NODE = ("R00", "S1")
LAYERS = ("LAYERS", 32)
FACTS = ("840110", "MX", "US")
MANY = 20_000  # keys of a sweep
LARGE = 1_010  # nodes whose labels are listed on a worker
RULES = 5_010  # more than are listed on the main thread
JOBS = 30_000
LISTS = 20
PATHS = 250_000  # seconds of work for an analysis
OPTIONS = (
    "--assess.default-wait-ms",
    600_000,
    "--assess.slice-us",
    50,
    "--assess.max-batch",
    1_000_000,
    "--assess.max-paths",
    1_000_000,
    "--assess.threads",
    1,
    "--appendonly",
    "yes",
    "--appendfsync",
    "no",
)
GAUGES = (
    "blocked",
    "waiting",
    "loading",
    "running",
    "backlog",
    "pending",
    "cache_leases",
    "cache_waiters",
    "cache_sweeps",
    "cache_bans",
    "job_waiters",
    "job_workers_waiting",
    "jobs_by_module",
)


def wide(nodes: int) -> str:
    """A table with an input from every node to every node; a column of coefficients sums to about a third."""
    labels = [f"R{node % 10:02}_S{node // 10}" for node in range(nodes)]
    rows = {at: [1 + (at * 7 + column * 13) % 5 for column in range(nodes)] for at in range(5)}
    texts = {at: (",".join(map(str, row)), sum(row)) for at, row in rows.items()}
    lines = [f"V1,{','.join(labels)},R00_HFCE,OUT"]
    for at, label in enumerate(labels):
        text, sold = texts[at % 5]
        lines.append(f"{label},{text},{10 * nodes - sold},{10 * nodes}")
    lines.append("OUT" + f",{10 * nodes}" * (nodes + 2))
    return "\n".join(lines) + "\n"


WIDE = {nodes: wide(nodes) for nodes in (40, 600, LARGE)}


def facts(lines: int) -> str:
    return json.dumps(
        {
            "date": "2026-08-01",
            "tv": 900,
            "bom": [{"hs": "8473.30", "origin": "CN", "value": line} for line in range(lines)],
        }
    )


def subjects(count: int) -> list[str]:
    return [word for node in range(count) for word in (f"R{node % 10:02}", f"S{node // 10}")]


def batch(rows: int) -> str:
    return json.dumps([{"rain_mm": row, "river_m": 2, "soil": 0.5, "slope": 0.1} for row in range(rows)])


def codes() -> str:
    """A nomenclature of more texts than are searched on the main thread."""
    lines = ["section,hscode,description,parent,level"]
    for chapter in range(1, 98):
        lines.append(f"I,{chapter:02},machines of chapter {chapter},TOTAL,2")
        for heading in range(1, 26):
            lines.append(f"I,{chapter:02}{heading:02},machines of heading {heading},{chapter:02},4")
            lines += [
                f"I,{chapter:02}{heading:02}{code},machine number {code},{chapter:02}{heading:02},6"
                for code in range(10, 20)
            ]
    return "\n".join(lines) + "\n"


def rules() -> str:
    listed = [
        {"id": f"r{number}", "from": f"{number:06}", "to": f"{number:06}", "alternatives": [{"t": 0}]}
        for number in range(RULES)
    ]
    return json.dumps(
        {
            "format": "roo/1",
            "agreement": "many",
            "title": "many",
            "parties": ["AA", "BB"],
            "hs_version": 2022,
            "valid_from": "2020-01-01",
            "valid_to": None,
            "texts": ["t"],
            "rules": listed,
        }
    )


# The commands that make each model. What they made is restored later: that is quicker.
MODELS = {
    "wide": lambda: [("MODEL.SET", "wide", "IO", WIDE[600]), ("ASSESS.GET", "wide", *NODE)],
    "lazy": lambda: [
        ("MODEL.SET", "lazy", "IO", WIDE[600], "LEONTIEF", "lazy", "HISTORY", 10),
        ("ASSESS.GET", "lazy", *NODE, "TOP", 100),
        # A negative value: profiles then have to solve.
        ("MODEL.INDICATOR", "lazy", "signed", "DATA", '{"R00":-1}', "BY", "region", "DEFAULT", 1),
        ("ASSESS.GET", "lazy", *NODE, "TOP", 99),
    ],
    "large": lambda: [("MODEL.SET", "large", "IO", WIDE[LARGE], "LEONTIEF", "lazy")],
    "score": lambda: [("MODEL.SET", "score", "SCORE", file("samples/flood.json"))],
    "origin": lambda: [("MODEL.SET", "origin", "ORIGIN", codes())],
    "rules": lambda: [("MODEL.SET", "rules", "ORIGIN", rules())],
}


class Scene:
    """Lives as long as its server; `begin` makes the data again after they were deleted."""

    def __init__(self, context):
        os.environ["ASSESS_TEST_HOOKS"] = "1"  # for modules that are built with them
        self.context, self.size = context, 1
        tables = context.folder / "tables"
        tables.mkdir(exist_ok=True)
        (tables / "wide.csv").write_text(WIDE[LARGE])
        self.server = context.server(*OPTIONS, "--assess.data-dir", tables)
        self.helpers: list[Careful] = []
        self.dumps: dict[str, bytes] = {}
        self.connect()
        self.has_hooks = not isinstance(self.admin.call("ASSESS.SABOTAGE", "nothing"), Error)

    def connect(self) -> None:
        self.admin = Careful(self.server.socket())

    def helper(self) -> Careful:
        """A connection of its own, closed at the end of the round."""
        self.helpers.append(Careful(self.server.socket()))
        return self.helpers[-1]

    def begin(self) -> None:
        """The data that every round needs."""
        for name in ("held", "many"):
            self.admin.good("TIER.SET", name, "PATTERN", f"{name}:*", "TTL", 3600)

    def need(self, models: tuple[str, ...]) -> None:
        """Makes models, or restores them, and waits until they are ready."""
        for name in models:
            if self.admin.good("EXISTS", name) == 0:
                self.restore(name)
            await_ready(self.admin.good, name)
        self.quiet()

    def restore(self, name: str, of: str | None = None) -> None:
        of = of or name
        if of not in self.dumps:
            for command in MODELS[of]():
                self.admin.good(*command)
            self.quiet()
            self.dumps[of] = self.admin.good("DUMP", of)
        self.admin.good("RESTORE", name, 0, self.dumps[of], "REPLACE")

    def gauges(self) -> dict[str, int]:
        lines = self.admin.good("INFO", "assess").decode().split() + self.admin.good("INFO", "clients").decode().split()
        info = {name: value for name, _, value in (line.partition(":") for line in lines)}
        return {
            **{name: int(info[f"assess_{name}"]) for name in GAUGES},
            "blocked_clients": int(info["blocked_clients"]),
        }

    def quiet(self) -> None:
        """Waits until no client waits and nothing runs."""
        waiting.until(lambda: not any(self.gauges().values()), "no client waits and nothing runs", poll=0.005)

    def await_running(self) -> None:
        """Waits until a worker has begun, or has answered the last helper: then the client will not be blocked."""

        def begun():
            return self.gauges()["running"] > 0 or select.select([self.helpers[-1].socket], [], [], 0)[0]

        waiting.until(begun, "a worker has begun", poll=0.001)

    # --- what holds a client ---

    def hold_lease(self) -> None:
        self.token = self.helper().good("CACHE.FETCH", "held:1", "LEASE", 600_000)[1]

    def fill(self) -> None:
        """The lease is lost when the key was deleted or the server was a replica."""
        self.admin.checked("CACHE.FILL", "held:1", self.token, "v")
        self.admin.checked("CACHE.INVALIDATE", "KEY", "held:1")

    def fill_cache(self) -> None:
        for start in range(0, MANY, 1000):
            self.admin.pipeline([("CACHE.SET", f"many:{number}", "v") for number in range(start, start + 1000)])

    def hold_sweep(self) -> None:
        self.fill_cache()
        if self.has_hooks:
            self.admin.good("ASSESS.SABOTAGE", "sweep")

    def release_sweep(self) -> None:
        if self.has_hooks:
            self.admin.good("ASSESS.SABOTAGE", "nothing")

    def hold_requests(self) -> None:
        """The thread of short requests works on a batch."""
        self.helper().send("ASSESS.MGET", "lazy", self.size, *subjects(self.size), "PATHS", 10_000, *LAYERS, "NOCACHE")
        self.await_running()

    def hold_analyses(self) -> None:
        """Another client waits for the same computation."""
        self.helper().send("ASSESS.GET", "lazy", *NODE, "PATHS", PATHS, *LAYERS, "TOP", 1, "NOCACHE")
        self.await_running()

    def hold_loads(self) -> None:
        self.helper().send("MODEL.SET", "busy", "IO", WIDE[LARGE])
        self.await_running()

    def release_loads(self) -> None:
        self.admin.checked("MODEL.ABORT", "busy")

    def abort_new(self) -> None:
        self.admin.checked("MODEL.ABORT", "new")

    def hold_documents(self) -> None:
        lines = "".join(f"X{number},S,1\n" for number in range(300_000 * self.size))
        document = f"region,sector,value\nR00,S0,1\n{lines}"
        self.helper().send("MODEL.INDICATOR", "wide", "hold", "DATA", document, "BY", "node", "DEFAULT", 1, "IGNORE")
        self.await_running()

    def hold_derivation(self) -> None:
        """Two models wait for the thread that a load has."""
        self.need(("wide", "origin"))
        self.hold_loads()
        self.restore("later", "wide")
        self.restore("later:origin", "origin")

    def empty_queue(self) -> None:
        self.admin.good("DEL", "empty")

    def submit(self) -> None:
        self.admin.checked("JOB.SUBMIT", "empty", "t", "p")

    def submit_one(self) -> None:
        self.admin.good("DEL", "one")
        self.admin.good("JOB.SUBMIT", "one", "t", "p", "ID", "a")

    def cancel(self) -> None:
        self.admin.checked("JOB.CANCEL", "one", "a")

    def fill_queue(self) -> None:
        if "jobs" not in self.dumps:
            self.admin.good("DEL", "jobs")
            for _ in range(0, JOBS, 1000):
                self.admin.good("JOB.SUBMITMANY", "jobs", 1000, *["t", "p"] * 1000)
            self.dumps["jobs"] = self.admin.good("DUMP", "jobs")
        self.admin.good("RESTORE", "jobs", 0, self.dumps["jobs"], "REPLACE")

    def hold_lists(self) -> None:
        """Other lists of the same queue take turns with the client's."""
        self.fill_queue()
        for _ in range(LISTS * self.size):
            self.helper().send("JOB.LIST", "jobs", "GROUP", "none")

    def pause_writes(self) -> None:
        self.admin.good("CLIENT", "PAUSE", 600_000, "WRITE")

    def pause_and_release(self) -> None:
        self.pause_writes()
        self.release_loads()
        waiting.until(lambda: self.gauges()["running"] == 0, "the load waits for writes")

    def pause_and_read(self) -> None:
        self.pause_writes()
        waiting.until(lambda: self.gauges()["running"] == 0, "the indicators wait for writes")

    def permit_writes(self) -> None:
        self.admin.good("CLIENT", "UNPAUSE")

    def end_round(self) -> None:
        for helper in self.helpers:
            helper.close()
        self.helpers.clear()
