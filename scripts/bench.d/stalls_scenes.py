"""The scenes of row 24: (name, prepare, command, name in `INFO commandstats`, whether a replica is measured)."""

import json
import time

import redis

import build
from exiobase import table_of
from server import Server
from settings import Settings

MODEL = "m"
AGREEMENT = build.ROOT / "samples" / "agreement.json"
PIPELINE = 1_000


def scenes(settings: Settings) -> list[tuple]:
    """All scenes, at full size or at a size that only shows that they run."""
    table = settings.tables[-1]
    large = table_of(settings)
    keys, jobs, leases = (1_000, 1_000, 500) if settings.quick else (1_000_000, 100_000, 50_000)
    rules, tiers, entries = (100, 50, 1_000) if settings.quick else (19_000, 1_000, 10_000)
    payload = 1 << 20 if settings.quick else 60 << 20

    def model(of=table):
        return lambda server: _model(server, of.file)

    def cached(count):
        return lambda server: _entries(server, count)

    sized = f"a model of {table.nodes} nodes"
    all_scenes = [
        (f"`DUMP` of {sized}", model(), lambda server, _: _raw(server, "DUMP", MODEL), "dump"),
        (f"`RESTORE` of {sized}", _dumped(table.file),
         lambda server, dump: server.call("RESTORE", "copy", 0, dump, "REPLACE"), "restore"),
        (f"`COPY` of {sized}", model(), lambda server, _: server.call("COPY", MODEL, "copy", "REPLACE"), "copy"),
        (f"`DEL` of {sized}", model(), lambda server, _: server.call("DEL", MODEL), "del"),
        (f"`DEBUG DIGEST-VALUE` of {sized}", model(), lambda server, _: server.call("DEBUG", "DIGEST-VALUE", MODEL), "debug"),
        (f"a load of {large.nodes} nodes, until it is ready", _without_model, lambda server, _: _model(server, large.file), ""),
        (f"the same on a replica ({table.nodes} nodes)", _without_model, lambda server, _: _model(server, table.file), "", True),
        (f"`BGSAVE` with a model of {large.nodes} nodes", model(large), lambda server, _: _saved(server), "bgsave"),
        (f"`MODEL.SET` of {payload >> 20} MB", lambda _: _document(payload),
         lambda server, document: _refused(server, "MODEL.SET", "other", "IO", document), "model.set"),
        (f"an agreement of {rules:,} rules", lambda _: _agreement(rules),
         lambda server, document: server.call("MODEL.SET", "rules", "ORIGIN", document), "model.set"),
        ("the same on a replica", lambda _: _agreement(rules),
         lambda server, document: server.call("MODEL.SET", "rules", "ORIGIN", document), "", True),
        (f"`FLUSHALL SYNC` of {keys:,} entries and {sized}", lambda server: (_model(server, table.file), _entries(server, keys)),
         lambda server, _: server.call("FLUSHALL", "SYNC"), "flushall"),
        ("`FLUSHALL ASYNC` of the same", lambda server: (_model(server, table.file), _entries(server, keys)),
         lambda server, _: server.call("FLUSHALL", "ASYNC"), "flushall"),
        (f"`FLUSHDB ASYNC` with {leases:,} leases", lambda server: _leases(server, leases),
         lambda server, _: server.call("FLUSHDB", "ASYNC"), "flushdb"),
        (f"`SWAPDB` with {leases:,} leases and {keys:,} entries", lambda server: (_entries(server, keys), _leases(server, leases)),
         lambda server, _: server.call("SWAPDB", 0, 1), "swapdb"),
        (f"`CACHE.INVALIDATE` of {entries:,} keys", cached(entries),
         lambda server, _: server.call("CACHE.INVALIDATE", *(word for i in range(entries) for word in ("KEY", f"entry:{i}"))),
         "cache.invalidate"),
        (f"`CACHE.INVALIDATE` of a tag with {keys:,} entries", cached(keys),
         lambda server, _: server.call("CACHE.INVALIDATE", "TAG", "t"), "cache.invalidate"),
        (f"`TIER.SET` over {keys:,} keys", lambda server: _plain(server, keys),
         lambda server, _: _indexed(server), "tier.set"),
        (f"`CACHE.SET` of {payload >> 20} MB, compressed", lambda server: server.call("TIER.SET", "pack", "PATTERN", "pack:*", "TTL", 3600, "COMPRESS", 1000),
         lambda server, _: server.call("CACHE.SET", "pack:1", _text(payload)), "cache.set"),
        ("`CACHE.GET` of the same", _packed(payload), lambda server, _: _raw(server, "CACHE.GET", "pack:1"), "cache.get"),
        (f"`CACHE.SET` of {payload >> 20} MB with a tag", lambda _: None,
         lambda server, _: server.call("CACHE.SET", "entry:big", _text(payload), "TTL", 60, "TAGS", 1, "t"), "cache.set"),
        ("`CACHE.EXPORT`, a page of values of 60 KB", lambda server: _binary(server), lambda server, _: _raw(server, "CACHE.EXPORT", "PATTERN", "binary:*"),
         "cache.export"),
        (f"`CACHE.METRICS` with {tiers:,} tiers and 100 queues", lambda server: _tiers(server, tiers),
         lambda server, _: server.call("CACHE.METRICS"), "cache.metrics"),
        ("`CACHE.HEALTH` with the same", lambda server: _tiers(server, tiers), lambda server, _: server.call("CACHE.HEALTH"),
         "cache.health"),
        ("`TIER.LIST` with the same", lambda server: _tiers(server, tiers), lambda server, _: server.call("TIER.LIST"), "tier.list"),
        (f"`TIER.SET` beside {tiers:,} tiers", lambda server: _tiers(server, tiers),
         lambda server, _: server.call("TIER.SET", "tier:1", "PATTERN", "t1:*", "TTL", 5), "tier.set"),
        (f"`DUMP` of a queue of {jobs:,} jobs", lambda server: _queue(server, jobs), lambda server, _: _raw(server, "DUMP", "queue"), "dump"),
        ("`RESTORE` of the same", lambda server: (_queue(server, jobs), _binary_client(server).execute_command("DUMP", "queue"))[1],
         lambda server, dump: _binary_client(server).execute_command("RESTORE", "queue", 0, dump, "REPLACE"), "restore"),
        ("`DEL` of the same", lambda server: _queue(server, jobs), lambda server, _: server.call("DEL", "queue"), "del"),
        ("`JOB.LIST` of the same", lambda server: _queue(server, jobs), lambda server, _: server.call("JOB.LIST", "queue"), "job.list"),
        ("`JOB.PURGE` of the same", lambda server: _queue(server, jobs),
         lambda server, _: server.call("JOB.PURGE", "queue", "pending"), "job.purge"),
        (f"`JOB.SUBMIT` of {payload >> 20} MB", lambda _: _text(payload),
         lambda server, text: server.call("JOB.SUBMIT", "queue:large", "type", text), "job.submit"),
        (f"`REPLICAOF NO ONE` of a replica with a queue of {jobs:,} jobs and {keys:,} entries",
         lambda server: (_queue(server, jobs), _entries(server, keys)), lambda server, _: _promoted(server), "replicaof"),
    ]
    return all_scenes


def _binary_client(server: Server) -> redis.Redis:
    return redis.Redis(port=server.port, socket_timeout=900)


def _raw(server: Server, *command: object) -> None:
    """Sends a command whose reply is no text."""
    if not _binary_client(server).execute_command(*command):
        raise RuntimeError(f"{command[0]} replied nothing")


def _refused(server: Server, *command: object) -> None:
    """Sends a command whose argument is read and refused."""
    try:
        server.call(*command)
    except redis.ResponseError as error:
        if str(error).startswith("BADFILE"):
            return
        raise
    raise RuntimeError(f"{command[0]} was accepted")


def _pipelined(server: Server, commands) -> None:
    pipeline = server.client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
        if len(pipeline) >= PIPELINE:
            pipeline.execute()
    pipeline.execute()


def _without_model(server: Server) -> None:
    server.call("DEL", MODEL)
    time.sleep(1)  # its memory is freed by a worker


def _model(server: Server, file: str) -> None:
    server.load(MODEL, file)


def _dumped(file: str):
    def prepare(server: Server) -> bytes:
        _model(server, file)
        return _binary_client(server).execute_command("DUMP", MODEL)
    return prepare


def _saved(server: Server) -> None:
    server.call("BGSAVE")
    while server.client.info("persistence")["rdb_bgsave_in_progress"]:
        time.sleep(0.01)


def _document(size: int) -> str:
    """A table of the size of a payload that is refused after reading: what counts is the argument."""
    return "x" * size


def _agreement(rules: int) -> str:
    codes = [f"{chapter:02d}{heading:02d}{code:02d}" for chapter in range(1, 97) for heading in range(1, 100) for code in (10, 90)]
    chosen = [{"id": f"r{i}", "from": code, "to": code, "alternatives": [{"t": 0, "expr": {"ctc": "CTSH"}}]}
              for i, code in enumerate(codes[:rules])]
    document = json.loads(AGREEMENT.read_text())
    return json.dumps(document | {"rules": chosen, "texts": ["a change of tariff subheading"]})


def _text(size: int) -> str:
    return "text of an entry " * (size // 17)


def _entries(server: Server, count: int) -> None:
    server.call("TIER.SET", "entry", "PATTERN", "entry:*", "TTL", 86_400)
    _pipelined(server, (("CACHE.SET", f"entry:{i}", "v" * 50, "TAGS", 1, "t") for i in range(count)))


def _plain(server: Server, count: int) -> None:
    server.call("TIER.DEL", "plain")
    _pipelined(server, (("SET", f"plain:{i}", "v") for i in range(count)))


def _indexed(server: Server) -> None:
    """Declares a tier, and waits until it has its keys."""
    server.call("TIER.SET", "plain", "PATTERN", "plain:*", "TTL", 3600)
    while server.stats()["indexing"]:
        time.sleep(0.05)


def _packed(size: int):
    def prepare(server: Server) -> None:
        server.call("TIER.SET", "pack", "PATTERN", "pack:*", "TTL", 3600, "COMPRESS", 1000)
        server.call("CACHE.SET", "pack:1", _text(size))
    return prepare


def _binary(server: Server) -> None:
    server.call("TIER.SET", "binary", "PATTERN", "binary:*", "TTL", 86_400)
    for i in range(20):
        server.call("CACHE.SET", f"binary:{i}", bytes(range(256)) * 234)


def _leases(server: Server, count: int) -> None:
    server.call("CONFIG", "SET", "assess.max-leases-per-client", count)
    _pipelined(server, (("CACHE.FETCH", f"entry:leased:{i}", "LEASE", 600_000) for i in range(count)))


def _tiers(server: Server, count: int) -> None:
    _pipelined(server, (("TIER.SET", f"tier:{i}", "PATTERN", f"t{i}:*", "TTL", 60) for i in range(count)))
    _pipelined(server, (("JOB.SUBMIT", f"queue:{i}", "type", "{}") for i in range(100)))


def _queue(server: Server, jobs: int) -> None:
    server.call("DEL", "queue")
    _pipelined(server, (("JOB.SUBMIT", "queue", "type", "{\"to\":1}") for _ in range(jobs)))


def _promoted(server: Server) -> None:
    """The server becomes a replica of a server that does not exist, and a master again."""
    server.call("REPLICAOF", "127.0.0.1", 1)
    server.call("REPLICAOF", "NO", "ONE")
