"""The supply-chain system of examples/: two tables, an LRU cache of assessments, warm-up and its wish list, over HTTP."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from harness.system import System
from harness.web import wait_for

USA_FOOD = {"model": "icio", "country": "USA", "sector": "C10T12"}
COMMON = [(country, sector) for country in ("USA", "CHN", "DEU", "JPN", "ROW") for sector in ("C10T12", "C29")]
TIER = "assessments"


def key(country: str, sector: str) -> str:
    return f"assessment:{{icio}}:{country}:{sector}:indicator=risk"


def stored(system: System, *names: str) -> None:
    """Waits until assessments are stored, which is a moment after their replies."""
    wait_for(lambda: all(system.redis.exists(name) for name in names), f"{names} are not stored")


def cached(system: System, entries: int) -> None:
    wait_for(lambda: system.stats(TIER)["cache_size"] == entries, f"not {entries} entries, {system.stats(TIER)}")


def assess(http: httpx.Client, pairs: list[tuple[str, str]], **options: Any) -> list[dict[str, Any]]:
    reply = http.post("/assessments", json={"model": "icio", "pairs": pairs, **options})
    assert reply.is_success, reply.text
    found: list[dict[str, Any]] = reply.json()["assessments"]
    return found


def wide_table(system: System, regions: int, sectors: int) -> list[tuple[str, str]]:
    """Replaces the table `icio` by a larger one; its nodes."""
    nodes = [(f"R{region}", f"S{sector}") for region in range(regions) for sector in range(sectors)]
    lines = [f"{a},{b},{c},{d},{0.5 / len(nodes)}" for a, b in nodes for c, d in nodes]
    text = "\n".join(["from_region,from_sector,to_region,to_sector,coefficient", *lines])
    system.call("MODEL.SET", "icio", "IO", text)
    return nodes


def test_the_requests_of_the_readme_get_answers(system: System) -> None:
    document, coefficients, job, stats, cleared = (json.loads(text) for _, text in system.documented())
    assert (document["indicator"], round(document["total"], 3)) == ("risk", 0.337)
    assert coefficients["coefficients"] == [0.00039634873981759665]
    assert job["job"] and stats["max_cache_size"] == 1000 and "cleared" in cleared


def test_two_families_of_tables_are_in_one_server(system: System, http: httpx.Client) -> None:
    food = {"model": "exiobase", "country": "CN", "sector": "Processing of Food products nec"}
    icio, exiobase = (http.get("/assessment", params=subject).json() for subject in (USA_FOOD, food))
    assert (icio["model"], exiobase["model"]) == ("icio", "exiobase")
    assert (icio["indicator"], exiobase["indicator"], exiobase["unit"]) == ("risk", "CO2 - combustion - air", "kg")
    jobs = http.get("/assessment", params=food | {"indicator": "Employment"}).json()
    assert jobs["unit"] == "1000 p" and jobs["total"] > jobs["direct"] > 0
    assert http.get("/assessment", params=USA_FOOD | {"sector": "none"}).status_code == 404


def test_an_assessment_has_one_key_of_model_country_and_sector(system: System, http: httpx.Client) -> None:
    http.get("/assessment", params=USA_FOOD)
    http.get("/assessment", params=USA_FOOD)
    stored(system, key("USA", "C10T12"))
    assert system.keys("*:{icio}:*") == [key("USA", "C10T12")]


def test_coefficients_are_looked_up_by_both_ends(http: httpx.Client) -> None:
    of = [["CHN", "C26", "USA", "C10T12"], ["CHN", "C26", "USA", "none"], ["USA", "C10T12", "USA", "C10T12"]]
    found = http.post("/coefficients", json={"model": "icio", "of": of}).json()["coefficients"]
    assert found[0] == 0.00039634873981759665 and found[1] is None and 0 < found[2] < 1


def test_a_run_looks_up_a_hundred_thousand_coefficients(http: httpx.Client) -> None:
    of = [[*COMMON[at % 10], *COMMON[at // 10 % 10]] for at in range(100)] * 1000
    found = http.post("/coefficients", json={"model": "icio", "of": of}).json()["coefficients"]
    assert len(found) == 100_000 and found[:100] == found[-100:] and all(math.isfinite(value) for value in found)
    assert http.post("/coefficients", json={"model": "icio", "of": [*of, of[0]]}).status_code == 422


def test_a_thousand_assessments_are_kept_the_least_recently_used_is_evicted(system: System, http: httpx.Client) -> None:
    nodes = wide_table(system, 10, 10)
    first, second, *_ = nodes
    for layers in range(10):
        assess(http, nodes, layers=layers)
        cached(system, 100 * (layers + 1))
        assess(http, [first], layers=0)  # used, so it stays
    assert system.stats(TIER)["evictions"] == 0
    assess(http, nodes[:10], layers=10)
    wait_for(lambda: system.stats(TIER)["evictions"] == 10, "no eviction")
    assert http.get("/cache/stats").json()["cache_size"] == 1000
    before = system.stats(TIER)["misses"]
    assess(http, [first], layers=0)
    assert system.stats(TIER)["misses"] == before
    assess(http, [second], layers=0)
    assert system.stats(TIER)["misses"] == before + 1


def test_an_assessment_lives_an_hour_and_expires_by_itself(system: System, http: httpx.Client) -> None:
    http.get("/assessment", params=USA_FOOD)
    stored(system, key("USA", "C10T12"))
    assert 3595 <= system.redis.ttl(key("USA", "C10T12")) <= 3600
    system.redis.pexpire(key("USA", "C10T12"), 1)
    cached(system, 0)
    assert system.stats(TIER)["expiries"] == 1
    http.get("/assessment", params=USA_FOOD)
    assert system.stats(TIER)["misses"] == 2


def test_statistics_have_the_known_names_and_count_hits_and_misses(http: httpx.Client) -> None:
    for _ in range(4):
        http.get("/assessment", params=USA_FOOD)
    stats = http.get("/cache/stats").json()
    names = ("hits", "misses", "total_requests", "hit_rate_percent", "cache_size", "max_cache_size", "ttl_seconds")
    assert [stats[name] for name in names] == [3, 1, 4, 75, 1, 1000, 3600]


def test_the_cache_is_cleared(system: System, http: httpx.Client) -> None:
    assess(http, COMMON)
    cached(system, 10)
    assert http.delete("/cache").json() == {"cleared": 10}
    assert http.get("/cache/stats").json()["cache_size"] == 0
    assert sorted(system.call("MODEL.LIST")) == ["exiobase", "icio"]


def test_entries_survive_a_restart_of_the_application(system: System) -> None:
    web = system.start()
    first = web.http.get("/assessment", params=USA_FOOD).json()
    system.instances.remove(web)
    web.stop()
    assert system.start().http.get("/assessment", params=USA_FOOD).json() == first
    assert (system.stats(TIER)["hits"], system.stats(TIER)["misses"]) == (1, 1)


def test_many_clients_share_the_cache(system: System) -> None:
    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(lambda at: assess(system.http(at % 2), COMMON), range(40)))
    assert all(answer == answers[0] for answer in answers)
    # Commands run one after the other: the first one computes all ten, each other one finds them.
    assert (system.stats(TIER)["hits"], system.stats(TIER)["misses"]) == (390, 10)


def test_the_same_subject_again_and_again_is_computed_once(system: System, http: httpx.Client) -> None:
    answers = [http.get("/assessment", params=USA_FOOD).json() for _ in range(50)]
    assert all(answer == answers[0] for answer in answers)
    assert (system.stats(TIER)["hits"], system.stats(TIER)["misses"]) == (49, 1)


def test_a_batch_of_a_hundred_pairs_with_thirty_known_ones_computes_seventy(system: System, http: httpx.Client) -> None:
    nodes = wide_table(system, 10, 10)
    assess(http, nodes[:30])
    cached(system, 30)
    system.call("CACHE.STATS", "RESET")
    answers = assess(http, nodes)
    assert [answer["subject"] for answer in answers] == [
        {"region": region, "sector": sector} for region, sector in nodes
    ]
    assert (system.stats(TIER)["hits"], system.stats(TIER)["misses"]) == (30, 70)
    assert http.post("/assessments", json={"model": "icio", "pairs": [*nodes, nodes[0]]}).status_code == 413
    assert "error" in assess(http, [("R0", "none")])[0]


def test_a_dashboard_of_ten_common_subjects_is_ten_hits(system: System, http: httpx.Client) -> None:
    first = assess(http, COMMON)
    cached(system, 10)
    assert assess(http, COMMON) == first
    assert (system.stats(TIER)["hits"], system.stats(TIER)["misses"]) == (10, 10)
    assert len(http.get("/ranking", params={"model": "icio"}).json()) == 10


def finished(http: httpx.Client, **wanted: Any) -> dict[str, Any]:
    """The end of a warm-up."""
    reply = http.post("/warm-up", json={"model": "icio", **wanted})
    assert reply.status_code == 202, reply.text
    path = f"/warm-up/icio/{reply.json()['job']}"
    wait_for(lambda: http.get(path).json()["status"] == "completed", f"{path} does not end: {http.get(path).text}")
    found: dict[str, Any] = http.get(path).json()
    return found


def test_a_list_is_warmed(system: System, http: httpx.Client) -> None:
    pairs = [("USA", "C10T12"), ("CHN", "C10T12"), ("DEU", "C29")]
    assert finished(http, pairs=pairs)["progress"] == 100
    assert (system.stats(TIER)["hits"], system.stats(TIER)["misses"]) == (0, 0)
    assess(http, pairs)
    assert (system.stats(TIER)["hits"], system.stats(TIER)["misses"]) == (3, 0)


def test_wish_what_was_requested_most_often_is_warmed(system: System, http: httpx.Client) -> None:
    for turn in range(3):
        assess(http, COMMON[: turn + 1])
    http.delete("/cache")
    finished(http, hot=2)
    stored(system, key(*COMMON[0]), key(*COMMON[1]))
    assert system.stats(TIER)["cache_size"] == 2


def test_wish_an_entry_is_refreshed_before_it_expires(system: System, http: httpx.Client) -> None:
    # A read in the last tenth of the second refreshes the entry. After one that comes too late the next second counts.
    last = (0, 0)

    def refreshed() -> bool:
        nonlocal last
        http.get("/assessment", params=USA_FOOD | {"ttl": 1})
        now = (system.stats(TIER)["misses"], system.redis.pttl(key("USA", "C10T12")))
        is_refreshed = now[0] == last[0] and now[1] > last[1] > 0
        last = now
        return is_refreshed

    wait_for(refreshed, "no refresh")


def test_wish_values_are_compressed(system: System, http: httpx.Client) -> None:
    documents = assess(http, COMMON)
    cached(system, 10)
    assert http.get("/cache/stats").json()["compression_ratio"] > 1.3
    assert assess(http, COMMON) == documents


def test_wish_the_next_request_is_predicted(system: System, http: httpx.Client) -> None:
    china = USA_FOOD | {"country": "CHN"}
    for _ in range(4):
        http.get("/assessment", params=USA_FOOD)
        http.get("/assessment", params=china)
    stored(system, key("CHN", "C10T12"))
    system.redis.delete(key("CHN", "C10T12"))

    def is_fetched() -> bool:
        http.get("/assessment", params=USA_FOOD)
        return bool(system.redis.exists(key("CHN", "C10T12")))

    wait_for(is_fetched, "the usual next assessment is not there")
    before = system.stats(TIER)["misses"]
    http.get("/assessment", params=china)
    assert system.stats(TIER)["misses"] == before


def test_wish_tables_and_entries_survive_a_restart_of_the_server(system: System, http: httpx.Client) -> None:
    document = http.get("/assessment", params=USA_FOOD).json()
    stored(system, key("USA", "C10T12"))
    system.restart_server()
    system.call("CACHE.STATS", "RESET")
    assert http.get("/assessment", params=USA_FOOD).json() == document
    assert (system.stats(TIER)["hits"], system.stats(TIER)["misses"]) == (1, 0)


def test_wish_a_replica_takes_over_with_tables_and_entries(system: System, http: httpx.Client) -> None:
    document = http.get("/assessment", params=USA_FOOD).json()
    stored(system, key("USA", "C10T12"))
    with system.replica() as (port, replica):
        wait_for(lambda: replica.exists(key("USA", "C10T12")), "the replica has no entry")
        replica.replicaof("NO", "ONE")
        web = system.start(REDIS_URL=f"redis://localhost:{port}")
        assert web.http.get("/assessment", params=USA_FOOD).json() == document
        assert web.http.get("/cache/stats").json()["hits"] == 1
