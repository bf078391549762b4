"""Row 10: search in the descriptions of the Harmonized System, against PostgreSQL with a trigram index (pg_trgm, GIN).

Three kinds of queries, made from words of the descriptions: the word, its beginning, and the word misspelt. The peer uses
the operator that is best for each kind: ILIKE for words and beginnings, ranked by similarity; `<%` (the query resembles a
part of the text) for misspelt words, with its default threshold of 0.6 and with 0.4, which finds most of them; also `%`,
which compares with the whole text.
"""

import csv
import json
import random
import re
import time
from collections.abc import Callable
from statistics import median

import build
import machine
from figures import Figure, growth, ratios
from postgres import Postgres, Unavailable
from server import Server
from settings import Settings

FILE = build.DATA / "hs" / "harmonized-system.csv"
ROOT = "TOTAL"  # its own parent; every part of the file needs it
LIMIT = 10
SEED = 1
TABLE = ["create extension pg_trgm", "create table hs (code text primary key, description text not null)"]
INDEX = ["create index on hs using gin (description gin_trgm_ops)", "analyze hs"]
ANSWER = "select code, description, {rank} as score from hs where {condition} order by score desc, code limit " + str(
    LIMIT
)
RESEMBLES = ANSWER.format(rank="word_similarity(%(text)s, description)", condition="%(text)s <%% description")
WAYS = {
    "ILIKE": ANSWER.format(rank="similarity(description, %(text)s)", condition="description ilike %(pattern)s"),
    "`<%` from 0.6": RESEMBLES,
    "`<%` from 0.4": RESEMBLES,
    "`%`": ANSWER.format(rank="similarity(description, %(text)s)", condition="description %% %(text)s"),
}
KINDS = {
    "a word": ["ILIKE", "`%`"],
    "the beginning of a word": ["ILIKE"],
    "a misspelt word": ["`<%` from 0.6", "`<%` from 0.4", "`%`"],
}
THRESHOLD = "select set_config('pg_trgm.word_similarity_threshold', %s, false)"


def measure(settings: Settings) -> list[Figure]:
    """Ratios for each kind of query, over all codes; the growth of the time with the codes."""
    if not FILE.exists():
        return [
            Figure(10, "search in descriptions of the HS", "", [], remark=f"there is no {FILE.name} in ASSESS_DATA")
        ]
    with FILE.open(encoding="utf-8-sig", newline="") as lines:
        codes = sorted(csv.DictReader(lines), key=lambda code: code["hscode"] != ROOT)  # it comes last
    figures, costs = [], {kind: [] for kind in KINDS}
    sizes = [len(codes)] if settings.quick else [len(codes) // 4, len(codes) // 2, len(codes)]
    for size in sizes:
        is_last = size == sizes[-1]
        rounds = _alternate(codes[:size], settings.rounds if is_last else settings.few_rounds, is_last, settings)
        settings.keep(f"row 10, {size} codes", rounds)
        for kind in KINDS:
            costs[kind].append(median(of[kind]["server"]["server_us"] for of in rounds))
        if is_last:
            figures += _figures(rounds, size)
    grown = [
        growth(10, f"`MODEL.FIND` of {kind}: time in the command", sizes, cost, "us", by="codes")
        for kind, cost in costs.items()
    ]
    return figures + [figure for figure in grown if figure]


def _alternate(codes: list[dict], count: int, with_peer: bool, settings: Settings) -> list[dict]:
    """Rounds: the queries of each kind to one side, then to the other. Microseconds for each query."""
    with Server(settings.module) as server:
        server.call("MODEL.SET", "hs", "ORIGIN", _csv(codes), "FORMAT", "hs")
        server.await_ready("hs")
        server_cores, _ = machine.split_cores()
        server.pin(server_cores)
        queries = _queries(codes, 20 if settings.quick else 100)
        if not with_peer:
            return [_round(queries, server, None, False) for _ in range(count)]
        try:
            with Postgres() as postgres:
                _fill(postgres, codes)
                machine.pin(postgres.connection.info.backend_pid, server_cores)
                _round(queries, server, postgres, False)
                return [_round(queries, server, postgres, i % 2 == 1) for i in range(count)]
        except Unavailable as missing:
            return [_round(queries, server, None, False) | {"missing": str(missing)} for _ in range(count)]


def _csv(codes: list[dict]) -> str:
    """A file with some of the codes; codes without their parent are left out."""
    known, lines = {ROOT}, [",".join(codes[0])]
    for code in codes:
        if code["parent"] in known:
            known.add(code["hscode"])
            description = code["description"].replace('"', '""')
            lines.append(f'{code["section"]},{code["hscode"]},"{description}",{code["parent"]},{code["level"]}')
    return "\n".join(lines) + "\n"


def _fill(postgres: Postgres, codes: list[dict]) -> None:
    for statement in TABLE:
        postgres.connection.execute(statement)
    with postgres.connection.cursor().copy("copy hs from stdin") as rows:
        for code in codes:
            rows.write_row((code["hscode"], code["description"]))
    for statement in INDEX:
        postgres.connection.execute(statement)


def _queries(codes: list[dict], count: int) -> dict[str, list[tuple[str, str]]]:
    """For each kind: the text of the query, and the intended word."""
    chance = random.Random(SEED)
    words = sorted({word.lower() for code in codes for word in re.findall(r"[A-Za-z]{6,}", code["description"])})
    chosen = chance.sample(words, min(count, len(words)))
    return {
        "a word": [(word, word) for word in chosen],
        "the beginning of a word": [(word[: max(4, len(word) - 3)], word) for word in chosen],
        "a misspelt word": [(_misspell(word, chance), word) for word in chosen],
    }


def _misspell(word: str, chance: random.Random) -> str:
    """Omits a letter or exchanges two; never the first letter, which is rarely misspelt."""
    at = chance.randrange(1, len(word) - 2)
    if chance.random() < 0.5 or word[at] == word[at + 1]:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _round(queries: dict, server: Server, postgres: Postgres | None, peer_first: bool) -> dict[str, dict]:
    answers = {}
    for kind, asked in queries.items():
        sides = {"server": lambda: _ask_server(server, asked)}
        if postgres:
            sides |= {way: lambda way=way: _ask_postgres(postgres, way, asked) for way in KINDS[kind]}
        order = list(reversed(sides)) if peer_first else list(sides)
        answers[kind] = {side: sides[side]() for side in order}
    return answers


def _ask_server(server: Server, asked: list[tuple[str, str]]) -> dict[str, float]:
    server.call("CONFIG", "RESETSTAT")

    def find(text: str) -> list[str]:
        hits = server.call("MODEL.FIND", "hs", text, "LIMIT", LIMIT)
        return [hit["description"] for hit in map(json.loads, hits)]

    seen = _clock(find, asked)
    counted = server.client.info("commandstats")["cmdstat_model.find"]
    return seen | {"server_us": counted["usec"] / counted["calls"]}


def _ask_postgres(postgres: Postgres, way: str, asked: list[tuple[str, str]]) -> dict[str, float]:
    run = postgres.connection.execute
    run(THRESHOLD, [way.rpartition(" ")[2] if "from" in way else "0.6"])

    def parameters(text: str) -> dict[str, str]:
        return {"text": text, "pattern": f"%{text}%"} if way == "ILIKE" else {"text": text}

    def find(text: str) -> list[str]:
        return [description for _, description, _ in run(WAYS[way], parameters(text)).fetchall()]

    seen = _clock(find, asked)
    explain = "explain (analyze, timing off, format json) " + WAYS[way]
    inside = [run(explain, parameters(text)).fetchone()[0][0]["Execution Time"] for text, _ in asked]
    return seen | {"server_us": sum(inside) / len(inside) * 1e3}


def _clock(find: Callable[[str], list[str]], asked: list[tuple[str, str]]) -> dict[str, float]:
    """Microseconds for each query on the client's clock, and the number of replies that contain the intended word."""
    begin = time.perf_counter()
    answers = [find(text) for text, _ in asked]
    took = time.perf_counter() - begin
    found = sum(any(word in text.lower() for text in texts) for texts, (_, word) in zip(answers, asked))
    return {"trip_us": took / len(asked) * 1e6, "found": found, "asked": len(asked)}


def _figures(rounds: list[dict], codes: int) -> list[Figure]:
    figures = []
    if missing := rounds[0].get("missing"):
        figures.append(
            Figure(10, f"search over {codes:,} codes", "PostgreSQL, pg_trgm", [], remark=f"not measured: {missing}")
        )
    for kind, ways in KINDS.items():
        mine = [of[kind]["server"] for of in rounds]
        work = f"`MODEL.FIND`, {kind}, {codes:,} codes"
        figures += [
            Figure(10, f"{work}: time in the command", "", [of["server_us"] for of in mine], "us"),
            Figure(10, f"{work}: round trip of redis-py", "", [of["trip_us"] for of in mine], "us"),
        ]
        for way in [] if missing else ways:
            its = [of[kind][way] for of in rounds]
            found = f"found {_share(mine)}, PostgreSQL {_share(its)}"
            for name, title in {"trip_us": "round trip of the client", "server_us": "in the server"}.items():
                peer, own = [of[name] for of in its], [of[name] for of in mine]
                figures.append(
                    Figure(
                        10,
                        f"{work}: {title}",
                        f"pg_trgm, {way}",
                        ratios(peer, own),
                        "x as fast",
                        at_least=10 if way == ways[0] else None,
                        remark=f"{median(own):,.0f} us to {median(peer):,.0f} us; {found}",
                    )
                )
    return figures


def _share(answers: list[dict]) -> str:
    return f"{answers[-1]['found']} of {answers[-1]['asked']}"
