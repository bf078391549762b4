"""What a value of a key has to do after anything happened to it, and how much memory a server touched."""

import json
import math
from pathlib import Path

import waiting
from contents import ROUTE, fields, row, text
from wire import Connection, Error, shown


class Wrong(Exception):
    """The server's reply is wrong."""


class Careful(Connection):
    """A connection that looks at every reply: errors have a code, numbers are finite, documents are JSON."""

    def checked(self, *words: object) -> object:
        reply = self.call(*words)
        check(reply, words)
        return reply


def check(reply: object, words: tuple) -> None:
    if isinstance(reply, Error) and (fault := reply.fault()):
        raise Wrong(f"{shown(words)}: {fault}")
    # The documents of a history and the metadata of jobs are kept as they came; damaged ones stay damaged.
    computed = str(words[0]).startswith(("ASSESS.", "MODEL.")) and words[0] != "ASSESS.HISTORY"
    for value in flat(reply):
        if isinstance(value, float) and not math.isfinite(value):
            raise Wrong(f"{shown(words)}: a number that is not finite: {reply!r}")
        if computed and isinstance(value, bytes) and value[:1] == b"{" and value[-1:] == b"}":
            check_document(value, words)


def check_document(document: bytes, words: tuple) -> None:
    def no_number(name: str) -> None:
        raise Wrong(f"{shown(words)}: a document has the number {name}: {document[:2000]!r}")

    try:
        whole = json.loads(document, parse_constant=no_number)
    except ValueError as error:
        raise Wrong(f"{shown(words)}: no JSON: {error}: {document[:2000]!r}") from None
    if any(isinstance(value, float) and not math.isfinite(value) for value in flat(whole)):
        raise Wrong(f"{shown(words)}: a number of a document is out of range: {document[:2000]!r}")


def flat(reply: object) -> list[object]:
    if isinstance(reply, dict):
        reply = list(reply.values())
    return [value for item in reply for value in flat(item)] if isinstance(reply, list) else [reply]


def use_model(client: Careful, key: str) -> bool:
    """Sends every kind of request about a model. False when the key holds no complete model."""
    reply = client.checked("MODEL.INFO", key)
    if isinstance(reply, Error):
        return False
    info = fields(reply)
    state = waiting.until(lambda: end_state(client, key), f"{key} is neither ready nor failed")
    if state == "failed" and not fields(client.checked("MODEL.INFO", key))["warnings"]:
        raise Wrong("a model failed without a warning")
    for kind in ("REGIONS", "SECTORS", "NODES", "INDICATORS", "DEMAND", "FEATURES", "AGREEMENTS"):
        client.checked("MODEL.LABELS", key, kind)
    client.checked("ASSESS.HISTORY", key, "LIMIT", 100)
    USES[text(info["kind"])](client, key)
    return True


def end_state(client: Careful, key: str) -> str | None:
    state = text(fields(client.good("MODEL.INFO", key))["state"])
    return state if state in ("ready", "failed") else None


def use_io(client: Careful, key: str) -> None:
    node = client.good("MODEL.LABELS", key, "NODES")[0].split(b"|", 1)
    buyers = client.call("MODEL.LABELS", key, "DEMAND")
    for words in (
        ("ASSESS.GET", key, *node),
        ("ASSESS.GET", key, *node, "PATHS", 5, "LAYERS", 32, "INDICATOR", "output"),
        ("ASSESS.MGET", key, 2, *node, *node, "TOP", 3),
        ("ASSESS.RANK", key, "LIMIT", 5),
        ("ASSESS.RANK", key, "BY", "foreign"),
        ("MODEL.COEF", key, *node, *node),
        ("ASSESS.PROFILE", key, *node),
        ("ASSESS.DEPENDENTS", key, *node),
        ("ASSESS.WHATIF", key, *node, "SCALE", *node, *node, 2),
        ("ASSESS.WHATIF", key, *node, "EXTRACT", *node),
        ("ASSESS.COMPARE", key, "io:full", *node),
        (
            "ASSESS.FOOTPRINT",
            key,
            "REGION",
            buyers[0] if isinstance(buyers, list) and buyers and isinstance(buyers[0], bytes) else "USA",
        ),
        ("MODEL.FIND", key, node[-1]),
        ("MODEL.INDICATOR", key, "new", "DATA", "{}", "BY", "region", "DEFAULT", 1, "IGNORE"),
    ):
        client.checked(*words)


def use_score(client: Careful, key: str) -> None:
    subject = row(client.good, key)
    for words in (
        ("ASSESS.GET", key, subject),
        ("ASSESS.GET", key, "{}"),
        ("ASSESS.MGET", key, 1, subject),
        ("ASSESS.BATCH", key, 1, f"[{subject}]"),
        ("ASSESS.RANK", key),
        ("MODEL.FIND", key, "a"),
    ):
        client.checked(*words)


def use_origin(client: Careful, key: str) -> None:
    for words in (
        ("ASSESS.GET", key, *ROUTE),
        ("ASSESS.GET", key, "010121", "AA", "IN", '{"exw":100,"bom":[]}'),
        ("ASSESS.GET", key, "8471", "US", "CA"),
        ("MODEL.HS", key, "8471", "CHILDREN"),
        ("MODEL.HS", key, "847130", "PARENTS"),
        ("MODEL.RULES", key),
        ("MODEL.RULES", key, "HS", "847130"),
        ("MODEL.FIND", key, "machine"),
        ("MODEL.FIND", key, "laptop"),
        ("MODEL.FIND", key, "change", "IN", "rules"),
        ("MODEL.DROP", key, "sample"),
    ):
        client.checked(*words)


USES = {"io": use_io, "score": use_score, "origin": use_origin}


def use_entry(client: Careful, key: str) -> bool:
    for words in (
        ("CACHE.TTL", key),
        ("CACHE.GET", key),
        ("CACHE.GET", key, "STALE", "WITHTTL"),
        ("CACHE.MGET", key, key),
        ("CACHE.FETCH", key, "WAIT", 0),
        ("CACHE.EXPORT", "PATTERN", key),
        ("CACHE.INVALIDATE", "TAG", "one", "SOFT"),
        ("CACHE.HOT", "plain"),
    ):
        client.checked(*words)
    return True


def use_queue(client: Careful, key: str) -> bool:
    """Whatever these requests reply: they change the queue in every way."""
    for words in (
        ("JOB.INFO", key),
        ("JOB.CONFIG", key),
        ("JOB.SCHEDULES", key),
        ("JOB.LIST", key, "LIMIT", 1000),
        ("JOB.STATUS", key, "in-running"),
        ("JOB.STATUS", key, "in-completed"),
        ("JOB.WAIT", key, "in-pending", "BLOCK", 1),
        ("JOB.CLAIM", key, 3, "waits", "later", "t", "COUNT", 100, "LEASE", 1),
        ("JOB.CANCEL", key, "in-running"),
        ("JOB.CANCEL", key, "in-pending"),
        ("JOB.RETRY", key, "in-failed"),
        ("JOB.RETRY", key, "in-dead"),
        ("JOB.SUBMIT", key, "t", "p", "UNIQUE", "replace"),
        ("JOB.SUBMIT", key, "waits", "p", "ID", "in-completed", "UNIQUE", "rerun"),
        ("JOB.CONFIG", key, "MAXJOBS", 3, "MAXPERGROUP", 1),
        ("JOB.RESUME", key, "paused"),
        ("JOB.UNSCHEDULE", key, "hourly"),
        ("JOB.PURGE", key, "dead"),
        ("JOB.PURGE", key, "pending"),
        ("JOB.INFO", key),
    ):
        client.checked(*words)
    return True


# In one transaction, because leases of jobs end at any moment. The time to live is a part of the digest.
TRANSFER = """
local dump, ttl = redis.call('DUMP', KEYS[3]), redis.call('PTTL', KEYS[1])
if not dump then return 'absent' end
return redis.call('RESTORE', KEYS[2], math.max(ttl, 0), dump, 'REPLACE')
"""


def survives_a_transfer(client: Careful, key: str, copy: str, source: str | None = None) -> bool:
    """The value can be saved, and what was saved is the same value. False when there is no value. `source`: another
    value is saved instead, which is an error."""
    commands = [
        ("MULTI",),
        ("EVAL", TRANSFER, 3, key, copy, source or key),
        ("DEBUG", "DIGEST-VALUE", key, copy),
        ("EXEC",),
    ]
    restored, digests = client.pipeline(commands)[-1]
    if restored == b"absent":
        return False
    if isinstance(restored, Error):
        raise Wrong(f"what was restored cannot be dumped and restored again: {restored}")
    if digests[0] != digests[1]:
        raise Wrong(f"a dumped and restored value has another digest: {digests}")
    return True


class Memory:
    """The most memory that a process has touched since the last call."""

    def __init__(self, pid: int):
        self.folder = Path(f"/proc/{pid}")

    def peak(self) -> int:
        status = (self.folder / "status").read_text()
        peak = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) * 1024
        (self.folder / "clear_refs").write_text("5")
        return peak
