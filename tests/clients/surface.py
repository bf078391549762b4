"""Every method of the package, each with every option that it has: a script that a test plays through both kinds of clients.

`script` yields the method to call and its arguments, and receives the result. Names begin with `prefix`, so that the script
can be played several times against one server.
"""

import array
import datetime
import json
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "samples"
MINI, RISK, FLOOD, CODES, AGREEMENT = (
    (SAMPLES / name).read_text() for name in ("mini.csv", "mini_risk.csv", "flood.json", "codes.csv", "agreement.json")
)
ROW = {"rain_mm": 41.6, "river_m": 2.84, "soil": 0.71, "slope": 0.012}
SCORE = 0.9687301990042111
GOODS = ("8471.30", "MX", "US", {"date": "2026-08-01", "tv": 900, "bom": [{"hs": "8473.30", "origin": "CN", "value": 250}]})
NODE = ("USA", "C10T12")
CACHING = {"tenant": "acme", "ttl": datetime.timedelta(seconds=90.5), "nocache": False, "refresh": True}
IO = {"indicator": "risk", "layers": 2, "top": 3, "paths": 2, "cutoff": 0.5}


class Given:
    """The methods and options that a script has used."""

    def __init__(self):
        self.methods = {}

    def of(self, method, *args, **kwargs):
        """A call of the method, with what it was given."""
        self.methods.setdefault(method, set()).update(kwargs)
        return method, args, kwargs


def script(given, prefix, folder):
    """folder: assess.data-dir of the server, in which a file can be written."""
    yield from models(given, prefix, folder)
    yield from assessments(given, prefix)
    yield from scores(given, prefix)
    yield from origins(given, prefix)
    yield from entries(given, prefix)
    yield from jobs(given, prefix)


def models(given, prefix, folder):
    of, icio = given.of, f"{prefix}:icio"
    io = ("io", icio)
    (folder / f"{prefix}.csv").write_text(MINI)
    info = yield of((*io, "load"), file=f"{prefix}.csv", format="icio", output="reported", split="merge", precision="f64",
                    leontief="full", negative="error", demand=True, history=10, keep=False, noreplace=True, timeout=30)
    assert info["kind"] == "io" and info["nodes"] == 30 and info["state"] in ("deriving", "ready"), info
    info = yield of((*io, "load"), data=MINI.encode(), region=None, member=None, separator="_", order="region-first",
                    duplicates=None)
    assert (yield of((*io, "wait"), timeout=30))["state"] == "ready"
    assert (yield of((*io, "info")))["source"] == "client"
    assert (yield of((*io, "info")))["history"] == {"capacity": 10, "entries": 0}
    assert icio in (yield of(("assess", "models"), pattern=f"{prefix}:*"))
    values = {row.split(",")[0]: float(row.split(",")[1]) for row in RISK.split()[1:]}
    assert (yield of((*io, "indicator"), "risk", by="region", data=values, unit="points", default=0.5, ignore=True)) is None
    (folder / f"{prefix}.risk.csv").write_text(RISK)
    yield of((*io, "indicator"), "again", by="region", file=f"{prefix}.risk.csv", sum=True, totals=True, row=None)
    assert (yield of((*io, "labels"), "regions")) == ["USA", "CHN", "DEU", "JPN", "ROW"]
    assert (yield of((*io, "labels"), of="indicators"))[0] == "risk"
    assert (yield of((*io, "find"), "C26", limit=3))[0]["sector"] == "C26"
    coefficient = yield of((*io, "coef"), *NODE, "CHN", "C26")
    assert type(coefficient) is float and 0 < coefficient < 1
    assert (yield of((*io, "mcoef"), [(*NODE, "CHN", "C26"), ("X", "Y", "CHN", "C26")])) == [coefficient, None]


def assessments(given, prefix):
    of, icio = given.of, f"{prefix}:icio"
    io = ("io", icio)
    plain = yield of((*io, "get"), *NODE)
    assert plain["direct"] == 0.21 and plain["indicator"] == "risk" and len(plain["layers"]) == 6
    full = yield of((*io, "get"), *NODE, **IO, **CACHING)
    assert len(full["layers"]) == 3 and len(full["contributors"]) == 3 and full["total"] == plain["total"]
    found = yield of((*io, "mget"), [NODE, ("USA", "XXX")], **IO, **CACHING)
    assert found[0] == full and type(found[1]).__name__ == "NoSubjectError"
    key = yield of((*io, "cache_key"), *NODE, **IO)
    assert key.startswith(f"assessment:{{{icio}}}:USA:C10T12:") and "cutoff" in key, key
    assert json.loads((yield of(("cache", "get"), key))) == full
    logged = yield of((*io, "history"), tenant="acme", subject="USA:C10T12", since=0, until=2**50, limit=1)
    assert logged[0]["assessment"] == full
    assert (yield of((*io, "history"), hash="0" * 32, id=1, confidence=None, status=None)) == []
    job = yield of((*io, "warm"), [("CHN", "C26")], **IO, ttl=60, refresh=True)
    assert json.loads((yield of((*io, "jobs", "result"), job, timeout=30)))["computed"] == 1
    job = yield of((*io, "warm"), hot=5)
    assert (yield of((*io, "jobs", "wait"), job, timeout=30))["status"] == "completed"
    ranked = yield of((*io, "rank"), by="total", indicator="risk", limit=2)
    assert [(one.region, one.sector) for one in ranked] == [("ROW", "C29"), ("ROW", "C26")] and ranked[0].value > 0.9
    assert (yield of((*io, "rank"), region="USA", sector="D35"))[0][:2] == ("USA", "D35")
    chosen = {"indicator": "risk", "top": 1, **CACHING}
    changes = [("extract", "USA", "D35"), ("scale", "CHN", "*", "*", "*", 0.5), ("replace", "DEU", "C26", "JPN", 0.25),
               ("stress", "ROW", "*", 1.5)]
    changed = yield of((*io, "whatif"), *NODE, *changes, layers=1, **chosen)
    assert [one[0].lower() for one in changed["changes"]] == [one[0] for one in changes]
    assert changed["base"]["total"] == plain["total"] != changed["changed"]["total"]
    compared = yield of((*io, "compare"), icio, *NODE, **chosen)
    assert compared["difference"]["total"] == 0 and compared["models"] == [icio, icio]
    found = yield of((*io, "dependents"), *NODE, by="value", indicator="risk", limit=1, **CACHING)
    assert found["by"] == "value" and len(found["dependents"]) == 1
    found = yield of((*io, "profile"), *NODE, indicators=["risk", "output"], **CACHING)
    assert [one["indicator"] for one in found["indicators"]] == ["risk", "output"]
    found = yield of((*io, "footprint"), "USA", category="HFCE", **chosen)
    assert found["region"] == "USA" and found["category"] == "HFCE" and len(found["products"]) == 1
    assert (yield of((*io, "footprint"), region="CHN"))["total"] > 0
    assert (yield of((*io, "footprint"), demand={"USA": {"C10T12": 100}}))["demand"] == {"USA": {"C10T12": 100.0}}


def scores(given, prefix):
    of, key = given.of, f"{prefix}:flood"
    score = ("score", key)
    info = yield of((*score, "load"), data=FLOOD, format="glm", decimals={"rain_mm": 0}, missing=-1, calibration=None,
                    history=5, noreplace=True, timeout=30, file=None)
    assert info["kind"] == "score", info
    refused = yield of((*score, "load"), data=FLOOD, trees="best", classes=["no", "yes"])
    assert "ERR" in str(refused) or "TREES" in str(refused) or "CLASSES" in str(refused), refused
    yield of((*score, "load"), data=FLOOD)
    yield of((*score, "wait"))
    assert (yield of((*score, "labels"), "features")) == list(ROW)
    found = yield of((*score, "get"), ROW, contributions="shap", **CACHING)
    assert found["score"] == SCORE and found["attribution"] == "shap", found
    found = yield of((*score, "mget"), [ROW, {"rain_mm": "wet"}], contributions="path", **CACHING)
    assert found[0]["score"] == SCORE and isinstance(found[1], Exception)
    assert (yield of((*score, "cache_key"), ROW, contributions="shap")).startswith(f"assessment:{{{key}}}:")
    assert (yield of((*score, "info")))["features"] == 4
    assert len((yield of((*score, "history"), limit=5))) <= 5
    job = yield of((*score, "warm"), [ROW], contributions="path", ttl=60, refresh=True)
    assert (yield of((*score, "jobs", "wait"), job))["status"] == "completed"
    yield of((*score, "warm"), hot=1)
    found = yield of((*score, "batch"), [ROW, list(ROW.values()), {**ROW, "soil": None}])
    assert [one["score"] for one in found[:2]] == [SCORE, SCORE] and isinstance(found[2], Exception), found
    found = yield of((*score, "batch_array"), array.array("d", [*ROW.values()] * 2), n=2)
    assert found == array.array("d", [SCORE, SCORE])
    two = memoryview(array.array("f", ROW.values())).cast("B").cast("f", [1, 4])
    found = yield of((*score, "batch_array"), two)
    assert found.typecode == "f" and abs(found[0] - SCORE) < 1e-6


def origins(given, prefix):
    of, key = given.of, f"{prefix}:roo"
    origin = ("origin", key)
    yield of((*origin, "load"), data=CODES, format="hs", timeout=30, file=None)
    info = yield of((*origin, "load"), data=AGREEMENT, format="roo", history=10, noreplace=False)
    assert info["kind"] == "origin", info
    yield of((*origin, "wait"))
    assert (yield of((*origin, "info")))["kind"] == "origin"
    assert (yield of((*origin, "labels"))) == (yield of((*origin, "labels"), of="agreements")) == ["sample"]
    found = yield of((*origin, "find"), "computers", within="hs", section=None, chapter="84", level=6, limit=5)
    assert found and all(one["code"].startswith("84") for one in found), found
    yield of((*origin, "find"), "computers", section="XVI")
    assert [one["code"] for one in (yield of((*origin, "hs"), "8471.30"))] == ["847130"]
    assert (yield of((*origin, "hs"), "847130", relation="parents"))[0]["code"] == "8471"
    rules = yield of((*origin, "rules"), agreement="sample", hs="8471.30", date="2026-08-01", party="MX", limit=1)
    assert rules[0]["agreement"] == "sample", rules
    document = yield of((*origin, "get"), *GOODS, **CACHING)
    assert document["verdict"] == "qualified" and document["hs"] == "847130"
    assert (yield of((*origin, "mget"), [GOODS, GOODS[:3]], **CACHING))[0] == document
    assert (yield of((*origin, "cache_key"), *GOODS)).startswith(f"assessment:{{{key}}}:")
    logged = yield of((*origin, "history"), agreement="sample", hs="8471", route=("MX", "US"), status="qualified",
                      confidence=0.1)
    assert logged[0]["assessment"] == document
    job = yield of((*origin, "warm"), [GOODS], ttl=60, refresh=True)
    assert (yield of((*origin, "jobs", "wait"), job))["status"] == "completed"
    yield of((*origin, "warm"), hot=1)


def entries(given, prefix):
    of, tier, key = given.of, f"{prefix}-page", f"{prefix}:page"
    assert (yield of(("tiers", "set"), tier, f"{key}:*", f"{key}s:*", ttl=3600, jitter=5, grace=60, retry_ms=1000, refresh=10,
                     negative=5, capacity=1000, maxmemory="1mb", minhit=1, compress=4096, lease_ms=4000, wait_ms=100,
                     index=True, enforce=False, prefetch=1, queue=f"{prefix}:refresh")) is None
    assert tier in (yield of(("tiers", "list")))
    info = yield of(("tiers", "info"), tier)
    assert info["patterns"] == [f"{key}:*", f"{key}s:*"] and info["grace_ms"] == 60000 and info["queue"] == f"{prefix}:refresh"
    cache = ("cache",)
    assert (yield of((*cache, "set"), f"{key}:1", "one", ttl=datetime.timedelta(milliseconds=90500), tags=["a", "b"])) is True
    assert (yield of((*cache, "set"), f"{key}:1", "other", nx=True)) is False
    assert (yield of((*cache, "set"), f"{key}:2", b"\xff", persist=True, xx=False)) is True
    assert (yield of((*cache, "set"), f"{key}:3", 3, xx=True)) is False
    assert (yield of((*cache, "mset"), {f"{key}:4": "4", f"{key}:5": b"5"}, ttl=60, persist=False, tags="a")) is True
    assert (yield of((*cache, "mset"), {f"{key}:6": "6"}, persist=True)) is True
    assert (yield of((*cache, "get"), f"{key}:2", stale=True)) == b"\xff"
    assert (yield of((*cache, "mget"), [f"{key}:1", f"{key}:3", f"{key}:5"])) == [b"one", None, b"5"]
    entry = yield of((*cache, "ttl"), f"{key}:1")
    assert entry["tier"] == tier and entry["tags"] == ["a", "b"] and 60_000 < entry["fresh_ms"] <= 90_500, entry
    assert (yield of((*cache, "fetch"), f"{key}:1")) == ("hit", b"one", None, None, None)
    lease = yield of((*cache, "fetch"), f"{key}:7", lease_ms=60_000, wait_ms=50, nostale=True)
    assert lease[:2] == ("lease", None) and lease.lease_ms == 60_000
    assert (yield of((*cache, "fetch"), f"{key}:7", wait_ms=1)).state == "timeout"
    assert (yield of((*cache, "renew"), f"{key}:7", lease.token, lease_ms=60_000)) is True
    assert (yield of((*cache, "fill"), f"{key}:7", lease.token, "seven", ttl=60, persist=False, tags=["a"])) is True
    assert (yield of((*cache, "renew"), f"{key}:7", lease.token, 60_000)) is False
    assert (yield of((*cache, "fill"), f"{key}:7", "0" * 16, "eight", persist=True)) is False
    lease = yield of((*cache, "fetch"), f"{key}:8", lease_ms=60_000)
    assert (yield of((*cache, "abandon"), f"{key}:8", lease.token, reason="é" * 300)) is True
    negative = yield of((*cache, "fetch"), f"{key}:8")
    assert negative.state == "negative" and negative.reason.startswith("éé")
    assert (yield of((*cache, "abandon"), f"{key}:8", lease.token)) is True  # may be repeated
    page = yield of((*cache, "export"), f"{key}:*", cursor=None, count=2)
    found, pages = page.entries, 1
    while page.cursor:
        page = yield of((*cache, "export"), f"{key}:*", cursor=page.cursor, count=2)
        found, pages = found + page.entries, pages + 1
    assert {one["key"] for one in found} == {f"{key}:{number}" for number in (1, 2, 4, 5, 6, 7)} and pages > 1, found
    assert {"key": f"{key}:2", "value_hex": "ff"}.items() <= next(one for one in found if one["key"][-1] == "2").items()
    assert (yield of((*cache, "invalidate"), tags=["a", "b"], match_all=True, soft=True)) == 1
    assert (yield of((*cache, "fetch"), f"{key}:1"))[:2] == ("refresh", b"one")
    assert (yield of((*cache, "invalidate"), keys=[f"{key}:1"])) == 1
    assert (yield of((*cache, "invalidate"), f"{key}:4*", f"{key}:5*")) == 2
    assert (yield of((*cache, "invalidate"), namespaces=[f"{prefix}:pag?"])) == 0
    assert (yield of((*cache, "invalidate"), namespaces=key)) == 3
    assert (yield of((*cache, "invalidate"), models=[f"{prefix}:icio"])) > 0
    assert (yield of((*cache, "set"), f"{prefix}:free", "v", ttl=60)) is True
    assert (yield of((*cache, "invalidate"), f"{prefix}:fre*", all_keys=True)) == 1
    assert (yield of((*cache, "invalidate"), tiers=[tier], wait=False)) == 0
    stats = yield of((*cache, "stats"), tier=tier)
    assert stats["hits"] >= 2 and isinstance(stats["hit_avg_us"], (int, float)), stats
    assert (yield of((*cache, "stats")))["total_requests"] >= stats["total_requests"]
    health = yield of((*cache, "health"))
    assert isinstance(health.ok, bool) and any("memory" in check for check in health.checks)
    hot = yield of((*cache, "hot"), tier, n=2)
    assert len(hot) == 2 and hot[0][0].startswith(key) and hot[0][1] >= hot[1][1], hot
    assert (yield of((*cache, "invalidate"), everything=True)) >= 0
    assert (yield of(("tiers", "delete"), tier)) is True
    assert (yield of(("tiers", "delete"), tier)) is False


def jobs(given, prefix):
    of, queue = given.of, ("queue", f"{prefix}:mail")
    chosen = {"priority": "high", "ttl": 60, "retries": 1, "backoff_ms": 10, "timeout_ms": 1000, "group": "acme",
              "metadata": {"by": "ann"}}
    first = yield of((*queue, "submit"), "send", {"to": "ann"}, id="first", delay_ms=100_000, **chosen)
    assert first == ("first", True)
    assert (yield of((*queue, "submit"), "send", payload=b"", id="first", unique="active")) == ("first", False)
    later = yield of((*queue, "submit"), "send", at=2**41)
    ids = yield of((*queue, "submit_many"), [("send", "a"), ("send", [1])], delay_ms=100_000, unique="queued", **chosen)
    assert len(ids) == 2
    assert len((yield of((*queue, "submit_many"), [("send", "c")], at=2**41))) == 1
    status = yield of((*queue, "status"), "first")
    assert (status["status"], status["priority"], status["group"]) == ("delayed", "high", "acme"), status
    assert json.loads(status["metadata"]) == {"by": "ann"} and status["result"] is None
    listed = yield of((*queue, "list"), status="delayed", type="send", group="acme", offset=0, limit=10)
    assert {one["job_id"] for one in listed} == {"first", *ids}, listed
    info = yield of((*queue, "info"))
    assert info["delayed"] == 5 and info["waiting_time"]["count"] == 0, info
    assert (yield of((*queue, "cancel"), "first")) == "cancelled"
    assert (yield of((*queue, "wait"), "first", timeout=5))["status"] == "cancelled"
    assert isinstance((yield of((*queue, "result"), "first", timeout=5)), Exception)
    assert isinstance((yield of((*queue, "wait"), later.id, timeout=0.01)), TimeoutError)
