"""Every state in which the module blocks a client: how it begins, and what ends it normally.

Work is held by a longer task in the same lane of the thread pool, by a lease, by paused writes or by a paused sweep, so
that a client is still blocked when it is disturbed. `ended` ends the wait as production would.
"""

from collections.abc import Callable
from dataclasses import dataclass

from scene import FACTS, LARGE, LAYERS, NODE, PATHS, WIDE, Scene, batch, facts, subjects

Act = Callable[[Scene], None]


def nothing(_: Scene) -> None:
    pass


@dataclass(frozen=True)
class State:
    """`site` is the file with the call that blocks the client; `hold` runs before the command, `pause` as soon as the
    client is blocked."""

    site: str
    words: tuple
    key: str
    hold: Act = nothing
    pause: Act = nothing
    ended: Act = nothing
    # Not while writes are paused: DEL and FLUSHALL would wait too.
    deletes: bool = True
    needs: tuple[str, ...] = ()
    # The state passes by itself, so that it may be over before it is seen.
    passes: bool = False


WORKER = DERIVING = "assessments/answer.rs"
ON_WORKER = "assessments/waiting/on_worker.rs"
LONG_PATHS = ("ASSESS.GET", "lazy", *NODE, "PATHS", PATHS, *LAYERS, "TOP", 1, "NOCACHE")


def states() -> dict[str, State]:
    heavy = {"hold": Scene.hold_loads, "ended": Scene.release_loads}
    deriving = {"hold": Scene.hold_derivation, "ended": Scene.release_loads, "needs": ("wide", "origin")}
    request = {"hold": Scene.hold_requests, "needs": ("lazy",)}
    lazy = {"site": WORKER, "key": "lazy", **request}
    origin = {"key": "origin", "hold": Scene.hold_requests, "needs": ("lazy", "origin")}
    made = {
        "FETCH waits for a lease": State(
            "cache/waiters.rs", ("CACHE.FETCH", "held:1", "WAIT", 600_000), "held:1", Scene.hold_lease, ended=Scene.fill
        ),
        "INVALIDATE sweeps": State(
            "cache/invalidate.rs",
            ("CACHE.INVALIDATE", "PATTERN", "many:*"),
            "many:1",
            Scene.hold_sweep,
            ended=Scene.release_sweep,
            passes=True,
        ),
        "INVALIDATE waits for writes": State(
            "cache/invalidate.rs",
            ("CACHE.INVALIDATE", "PATTERN", "many:*"),
            "many:1",
            Scene.fill_cache,
            Scene.pause_writes,
            Scene.permit_writes,
            deletes=False,
            passes=True,
        ),
        "SET waits for a thread": State("models/load/begin.rs", ("MODEL.SET", "new", "IO", WIDE[40]), "new", **heavy),
        "SET reads": State(
            "models/load/begin.rs", ("MODEL.SET", "new", "IO", WIDE[LARGE]), "new", ended=Scene.abort_new, passes=True
        ),
        "LOAD reads": State(
            "models/load/begin.rs", ("MODEL.LOAD", "new", "IO", "FILE", "wide.csv"), "new", ended=Scene.abort_new, passes=True
        ),
        "SET waits for writes": State(
            "models/load/begin.rs",
            ("MODEL.SET", "wide", "IO", WIDE[40]),
            "wide",
            Scene.hold_loads,
            Scene.pause_and_release,
            Scene.permit_writes,
            deletes=False,
            needs=("wide",),
        ),
        "INDICATOR waits for a thread": State(
            "commands/indicator.rs",
            ("MODEL.INDICATOR", "wide", "new", "DATA", "{}", "BY", "region", "DEFAULT", 1, "IGNORE"),
            "wide",
            Scene.hold_documents,
            needs=("wide",),
        ),
        "INDICATOR waits for writes": State(
            "commands/indicator.rs",
            ("MODEL.INDICATOR", "wide", "new", "DATA", "{}", "BY", "region", "DEFAULT", 1, "IGNORE"),
            "wide",
            Scene.hold_documents,
            Scene.pause_and_read,
            Scene.permit_writes,
            deletes=False,
            needs=("wide",),
        ),
        "CLAIM waits for a job": State(
            "jobs/claims.rs", ("JOB.CLAIM", "empty", 1, "t", "BLOCK", 0), "empty", Scene.empty_queue, ended=Scene.submit
        ),
        "WAIT waits for a job": State(
            "jobs/waits.rs", ("JOB.WAIT", "one", "a", "BLOCK", 0), "one", Scene.submit_one, ended=Scene.cancel
        ),
        "LIST looks at many jobs": State(
            "jobs/listing.rs", ("JOB.LIST", "jobs", "GROUP", "none"), "jobs", Scene.hold_lists, passes=True
        ),
        "PURGE removes many jobs": State(
            "jobs/listing.rs", ("JOB.PURGE", "jobs", "pending"), "jobs", Scene.fill_queue, passes=True
        ),
        "PURGE waits for writes": State(
            "jobs/listing.rs",
            ("JOB.PURGE", "jobs", "pending"),
            "jobs",
            Scene.fill_queue,
            Scene.pause_writes,
            Scene.permit_writes,
            deletes=False,
            passes=True,
        ),
        "GET computes": State(WORKER, LONG_PATHS, "lazy", needs=("lazy",)),
        "GET shares a computation": State(WORKER, LONG_PATHS, "lazy", Scene.hold_analyses, needs=("lazy",)),
        "GET waits for a thread": State(words=("ASSESS.GET", "lazy", *NODE, "NOCACHE"), **lazy),
        "GET that is stored waits for a thread": State(words=("ASSESS.GET", "lazy", *NODE, "REFRESH"), **lazy),
        "GET names a long subject": State(WORKER, ("ASSESS.GET", "origin", *FACTS, facts(400)), **origin),
        "KEY names a long subject": State("commands/assess.rs", ("ASSESS.KEY", "origin", *FACTS, facts(400)), **origin),
        "MGET waits for a thread": State(words=("ASSESS.MGET", "lazy", 50, *subjects(50), "NOCACHE"), **lazy),
        "MGET names long subjects": State(WORKER, ("ASSESS.MGET", "origin", 1, *FACTS, facts(1600)), **origin),
        "RANK waits for a thread": State(words=("ASSESS.RANK", "lazy", "LIMIT", 600), **lazy),
        "FIND waits for a thread": State(WORKER, ("MODEL.FIND", "origin", "machine"), **origin),
        "BATCH waits for a thread": State(
            ON_WORKER, ("ASSESS.BATCH", "score", 500, batch(500)), "score", Scene.hold_requests, needs=("lazy", "score")
        ),
        "HISTORY waits for a thread": State(ON_WORKER, ("ASSESS.HISTORY", "lazy", "LIMIT", 1000), "lazy", **request),
        "LABELS waits for a thread": State(
            ON_WORKER, ("MODEL.LABELS", "large", "NODES"), "large", Scene.hold_requests, needs=("lazy", "large")
        ),
        "RULES waits for a thread": State(
            ON_WORKER, ("MODEL.RULES", "rules"), "rules", Scene.hold_requests, needs=("lazy", "rules")
        ),
        "WHATIF waits for a thread": State(
            words=("ASSESS.WHATIF", "lazy", *NODE, "EXTRACT", "R02", "*", "NOCACHE"), **lazy
        ),
        "DEPENDENTS waits for a thread": State(
            words=("ASSESS.DEPENDENTS", "lazy", *NODE, "INDICATOR", "output", "NOCACHE"), **lazy
        ),
        "FOOTPRINT waits for a thread": State(words=("ASSESS.FOOTPRINT", "lazy", "REGION", "R00", "NOCACHE"), **lazy),
        "COMPARE waits for a thread": State(
            words=("ASSESS.COMPARE", "lazy", "wide", *NODE, "INDICATOR", "output", "NOCACHE"),
            **{**lazy, "needs": ("lazy", "wide")},
        ),
        "PROFILE waits for a thread": State(words=("ASSESS.PROFILE", "lazy", *NODE, "NOCACHE"), **lazy),
    }
    for words in (
        ("ASSESS.GET", "later", *NODE),
        ("ASSESS.MGET", "later", 1, *NODE),
        ("ASSESS.RANK", "later"),
        ("ASSESS.WHATIF", "later", *NODE, "EXTRACT", "R02", "*"),
        ("ASSESS.COMPARE", "later", "wide", *NODE),
        ("ASSESS.FOOTPRINT", "later", "REGION", "R00"),
        ("ASSESS.DEPENDENTS", "later", *NODE),
        ("ASSESS.PROFILE", "later", *NODE),
        ("MODEL.FIND", "later:origin", "machine"),
    ):
        made[f"{words[0].split('.')[1]} waits for the derivation"] = State(DERIVING, words, words[1], **deriving)
    return made


STATES = states()
