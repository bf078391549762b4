"""A key of every native type with every kind of content. Small: what breaks a reader is the form, not the size."""

import json
from collections.abc import Callable
from pathlib import Path

import waiting
from payload import Value, body_and_version, sealed, taken_apart

ROOT = Path(__file__).resolve().parents[2]

MODELS, ENTRIES, QUEUES = "assessmdl", "assessent", "assessque"

Call = Callable[..., object]


def table(nodes: int = 8, purchases: bool = True) -> str:
    """An input-output table in the layout of OECD ICIO; every output is 100, every column sums to about a third."""
    labels = [f"{'USA CHN'.split()[node % 2]}_C{node // 2 + 10}" for node in range(nodes)]
    bought = [f"{region}_HFCE" for region in ("USA", "CHN")] if purchases else []
    lines = [",".join(["V1", *labels, *bought, "OUT"])]
    for row, label in enumerate(labels):
        flows = [(row * 7 + column * 13) % 5 * 8 // nodes for column in range(nodes)]
        rest = 100 - sum(flows)
        lines.append(",".join([label, *map(str, flows), *map(str, [rest, 0][: len(bought)]), "100"]))
    lines.append("OUT" + ",100" * nodes + "," * len(bought) + ",")
    return "\n".join(lines) + "\n"


TRIPLES = (
    "from_region,from_sector,to_region,to_sector,coefficient\nA,x,A,y,0.2\nA,y,A,x,0.3\nB,x,A,x,0.1\nA,x,B,x,0.25\n"
)
XGBOOST = {
    "version": [2, 0, 0],
    "learner": {
        "attributes": {},
        "feature_names": ["a", "b"],
        "feature_types": ["float", "float"],
        "gradient_booster": {
            "name": "gbtree",
            "model": {
                "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "1"},
                "tree_info": [0],
                "iteration_indptr": [0, 1],
                "trees": [
                    {
                        "base_weights": [0.0, -1.5, 2.5],
                        "categories": [],
                        "categories_nodes": [],
                        "categories_segments": [],
                        "categories_sizes": [],
                        "default_left": [1, 0, 0],
                        "id": 0,
                        "left_children": [1, -1, -1],
                        "right_children": [2, -1, -1],
                        "loss_changes": [1.0, 0.0, 0.0],
                        "parents": [2147483647, 0, 0],
                        "split_conditions": [0.5, -1.5, 2.5],
                        "split_indices": [0, 0, 0],
                        "split_type": [0, 0, 0],
                        "sum_hessian": [2.0, 1.0, 1.0],
                        "tree_param": {
                            "num_deleted": "0",
                            "num_feature": "2",
                            "num_nodes": "3",
                            "size_leaf_vector": "1",
                        },
                    }
                ],
            },
        },
        "learner_model_param": {
            "base_score": "5E-1",
            "boost_from_average": "1",
            "num_class": "0",
            "num_feature": "2",
            "num_target": "1",
        },
        "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
    },
}
PMML = (
    '<PMML><DataDictionary/><Scorecard functionName="regression" initialScore="10">'
    '<MiningSchema><MiningField name="x"/></MiningSchema>'
    '<Characteristics><Characteristic name="one"><Attribute partialScore="1">'
    '<SimplePredicate field="x" operator="lessOrEqual" value="1"/></Attribute><Attribute partialScore="3">'
    '<SimplePredicate field="x" operator="isMissing"/></Attribute></Characteristic></Characteristics>'
    "</Scorecard></PMML>"
)
OVERRIDES = {
    "format": "roo/1",
    "agreement": "sample",
    "texts": ["t"],
    "rules": [{"id": "USMCA-2024-01", "valid_from": "2021-01-01", "alternatives": [{"t": 0, "expr": {"ah": True}}]}],
}
FACTS = json.dumps({"date": "2026-08-01", "tv": 900, "bom": [{"hs": "8473.30", "origin": "CN", "value": 250}]})
ROUTE = ("847130", "MX", "US", FACTS)


def file(path: str) -> bytes:
    return (ROOT / path).read_bytes()


def fill(call: Call) -> dict[str, list[str]]:
    """Makes the keys; returns their names by type."""
    return {MODELS: [*tables(call), *scores(call), *origins(call)], ENTRIES: entries(call), QUEUES: [queue(call)]}


def tables(call: Call) -> list[str]:
    for name, options in {
        "io:full": (),
        "io:lazy": ("LEONTIEF", "lazy"),
        "io:f32": ("PRECISION", "f32"),
        "io:history": ("HISTORY", 20),
        "io:without-demand": ("DEMAND", "no"),
        "io:indicators": (),
        "io:larger": ("HISTORY", 5),
    }.items():
        call("MODEL.SET", name, "IO", table(30 if name == "io:larger" else 8), *options)
    call("MODEL.SET", "triples:coefficients", "IO", TRIPLES, "FORMAT", "triples")
    call("MODEL.INDICATOR", "io:indicators", "risk", "DATA", "region,value\nUSA,1\nCHN,2\n", "BY", "region")
    for number in range(9):  # one more than are derived after a load
        document = json.dumps({f"C{10 + at}": number + at / 4 for at in range(4)})
        call("MODEL.INDICATOR", "io:indicators", f"i{number}", "DATA", document, "BY", "sector", "UNIT", "t")
    for name in ("io:history", "io:larger"):
        for sector in range(10, 14):
            call("ASSESS.GET", name, "USA", f"C{sector}", "TENANT", "t", "PATHS", 3)
    logged(call, "io:history", 4)
    return [
        "io:full",
        "io:lazy",
        "io:f32",
        "io:history",
        "io:without-demand",
        "io:indicators",
        "io:larger",
        "triples:coefficients",
    ]


def logged(call: Call, key: str, wanted: int) -> None:
    """Waits until assessments are in the history: they are written after the reply."""
    waiting.until(lambda: len(call("ASSESS.HISTORY", key)) >= wanted, f"the history of {key} has {wanted} entries")


def scores(call: Call) -> list[str]:
    documents = {
        "score:glm": file("samples/flood.json"),
        "score:linear": file("fuzz/models/linear.json"),
        "score:softmax": file("fuzz/models/softmax.json"),
        "score:scorecard": file("fuzz/models/scorecard.json"),
        "score:lightgbm": file("fuzz/models/lightgbm.txt"),
        "score:xgboost": json.dumps(XGBOOST),
        "score:pmml": PMML,
    }
    for name, document in documents.items():
        call("MODEL.SET", name, "SCORE", document, "HISTORY", 5)
        call("ASSESS.GET", name, row(call, name))
    return list(documents)


def row(call: Call, key: str) -> str:
    """A subject of a score model."""
    return json.dumps({text(feature): 1 for feature in call("MODEL.LABELS", key, "FEATURES")})


def origins(call: Call) -> list[str]:
    call("MODEL.SET", "origin:codes", "ORIGIN", file("samples/codes.csv"))
    documents = [
        file("samples/codes.csv"),
        file("fuzz/models/agreement.json"),
        file("samples/agreement.json"),
        json.dumps(OVERRIDES),
        json.dumps({"car": ["motor cars"], "laptop": ["data processing machines"]}),
        "section,name\nXVI,Machinery\n",
    ]
    formats = ("hs", "roo", "roo", "overrides", "synonyms", "sections")
    for document, form in zip(documents, formats, strict=True):
        call("MODEL.SET", "origin:all", "ORIGIN", document, "FORMAT", form, "HISTORY", 10)
    call("ASSESS.GET", "origin:all", *ROUTE, "TENANT", "t")
    logged(call, "origin:all", 1)
    return ["origin:codes", "origin:all"]


def entries(call: Call) -> list[str]:
    call("TIER.SET", "packed", "PATTERN", "packed:*", "TTL", 3600, "COMPRESS", 100)
    call("TIER.SET", "plain", "PATTERN", "plain:*", "TTL", 3600, "GRACE", 60)
    long = json.dumps([{"name": f"item {number % 7}", "value": number} for number in range(400)])
    tags = [f"tag-{number}" for number in range(64)]
    made = {
        "packed:compressed": (long,),
        "packed:compressed-tagged": (long, "TAGS", 2, "one", "two"),
        "plain:tagged": ("v", "TAGS", 1, "one"),
        "plain:empty": ("", "TAGS", 1, "t"),
        "plain:many-tags": ("value", "TAGS", len(tags), *tags),
        "plain:long-tag": (b"\x00\xff" * 20, "TAGS", 1, b"\xff" * 256),
        "packed:large": ("ab" * 100_000, "TAGS", 1, "large"),
    }
    for name, words in made.items():
        call("CACHE.SET", name, *words)
    return list(made)


def queue(call: Call) -> str:
    """A queue with a job in every state, limits, schedules and paused types."""
    key = "queue:all"
    call(
        "JOB.CONFIG",
        key,
        "MAXRUNNING",
        50,
        "MAXPERGROUP",
        20,
        "RATE",
        "1000/5",
        "AGEING",
        1000,
        "MAXJOBS",
        100,
        "KEEP",
        "dead",
        3600,
    )
    call("JOB.SCHEDULE", key, "hourly", "EVERY", 3_600_000, "t", "p", "METADATA", "{}")
    call("JOB.SCHEDULE", key, "nightly", "CRON", "0 0 3 * * *", "TZ", "Asia/Tokyo", "t", "p", "PRIORITY", "low")
    call("JOB.SUBMIT", key, "later", "p", "ID", "in-delayed", "DELAY", 3_600_000)
    call(
        "JOB.SUBMIT",
        key,
        "waits",
        "p" * 300,
        "ID",
        "in-pending",
        "GROUP",
        "g",
        "PRIORITY",
        "high",
        "TTL",
        500,
        "TIMEOUT",
        60_000,
        "METADATA",
        '{"a":[1,2]}',
        "UNIQUE",
        "active",
        "BACKOFF",
        100,
    )
    call("JOB.SUBMIT", key, "waits", "without an id")
    for state in ("running", "completed", "failed", "dead", "cancelled"):
        call("JOB.SUBMIT", key, state, "payload", "ID", f"in-{state}", "RETRIES", 1)
    running = claimed(call, key, "running", 3_600_000)
    call("JOB.HEARTBEAT", key, "in-running", running, "PROGRESS", 40, "MESSAGE", "half")
    call("JOB.COMPLETE", key, "in-completed", claimed(call, key, "completed", 3_600_000), "result")
    call(
        "JOB.FAIL",
        key,
        "in-failed",
        claimed(call, key, "failed", 3_600_000),
        "broken",
        "RETRY",
        "no",
        "TRACEBACK",
        "line 1",
    )
    call("JOB.CANCEL", key, "in-cancelled")
    claimed(call, key, "dead", 1)
    waiting.until(
        lambda: text(fields(call("JOB.STATUS", key, "in-dead"))["status"]) == "dead", "the job without a worker is dead"
    )
    call("JOB.PAUSE", key, "paused")
    return key


def claimed(call: Call, key: str, job_type: str, lease: int) -> object:
    """The token of the only job of a type."""
    return fields(call("JOB.CLAIM", key, 1, job_type, "LEASE", lease)[0])["token"]


def fields(reply: object) -> dict[str, object]:
    """A map, which RESP2 sends as a list."""
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {text(name): value for name, value in pairs}


def text(value: object) -> str:
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)


def await_ready(call: Call, key: str) -> None:
    waiting.until(lambda: text(fields(call("MODEL.INFO", key))["state"]) == "ready", f"{key} is ready")


def payloads(call: Call, names: dict[str, list[str]]) -> dict[str, dict[str, bytes]]:
    """The payloads of the keys by type and name, with those that no command makes: models in older forms, and a model
    that is being received from a master."""
    dumped = {kind: {name: call("DUMP", name) for name in keys} for kind, keys in names.items()}
    models = dumped[MODELS]
    for path in sorted((ROOT / "tests/server/restore").glob("form-*.dump")):
        models[f"io:{path.stem}"] = path.read_bytes()
    for name in ("io:full", "score:lightgbm", "origin:all"):
        body, version = body_and_version(models[name])
        models[f"receiving:{name}"] = sealed(receiving(taken_apart(body)).body(), version)
    return dumped


def receiving(model: Value) -> Value:
    """The value of a model whose frames are being received: 2, an id, the number of frames, the frames."""
    _, _, _, count, *rest = model.parts
    return Value(model.head, (2, 77, count, *rest[:count]))
