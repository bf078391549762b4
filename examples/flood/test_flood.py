"""The flood system of examples/: its predictions, its cache, its limits, over HTTP and with two instances."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from harness.system import System
from harness.web import wait_for

PLACE = {"rain_mm": 41.6, "river_m": 2.84, "soil": 0.71, "slope": 0.012}


def rows(count: int) -> list[dict[str, float]]:
    return [{"rain_mm": i, "river_m": 2, "soil": 0.5, "slope": 0.01} for i in range(count)]


def time_to_live(system: System, pattern: str) -> int:
    """Of the one entry that matches, in seconds, once it is stored; without the grace of its tier."""
    wait_for(lambda: system.keys(pattern), f"no entry {pattern}")
    [key] = system.keys(pattern)
    return round(int(system.table("CACHE.TTL", key)["fresh_ms"]) / 1000)


def test_the_requests_of_the_readme_get_answers(system: System) -> None:
    printed = [json.loads(text) for _, text in system.documented()]
    assert [sorted(document)[0] for document in printed] == ["class", "cell", "cache", "cleared"]


def test_every_model_has_its_own_time_to_live(system: System, http: httpx.Client) -> None:
    http.post("/predict", json=PLACE)
    http.post("/predict", json=PLACE, params={"model": "anomaly"})
    http.post("/predict/batch", json={"rows": rows(1)})
    http.get("/nowcast/7")
    http.post("/evacuation", json={"district": "harbour", "people": 1500})
    for pattern, seconds in [
        ("assessment:{flood-risk}:*", 300),
        ("assessment:{anomaly}:*", 60),
        ("assessment:{batch}:*", 180),
        ("nowcast:*", 600),
        ("evacuation:*", 900),
    ]:
        assert seconds - 5 <= time_to_live(system, pattern) <= seconds, pattern


def test_the_cache_of_one_model_is_cleared(system: System, http: httpx.Client) -> None:
    for cell in range(3):
        http.get(f"/nowcast/{cell}")
    http.post("/predict", json=PLACE)
    time_to_live(system, "assessment:{flood-risk}:*")  # it is stored
    assert http.delete("/cache/nowcast").json() == {"cleared": 3}
    assert system.keys("nowcast:*") == []
    assert len(system.keys("assessment:{flood-risk}:*")) == 1
    assert http.delete("/cache/flood-risk").json() == {"cleared": 1}
    assert http.delete("/cache/other").status_code == 422


def test_the_report_has_average_p95_p99_throughput_hit_rate_and_success_rate(system: System) -> None:
    http = system.start().http  # a new process has no times yet
    for _ in range(4):
        assert http.post("/predict", json=PLACE).is_success
    http.post("/predict", json={"rain_mm": 1})  # an error of the request is none of the service
    report = http.get("/metrics/performance").json()
    service = report["service"]
    assert service["requests"] == 5 and service["success_rate_percent"] == 100
    assert 0 < service["p50_ms"] <= service["p95_ms"] <= service["p99_ms"] and service["average_ms"] > 0
    assert service["throughput_per_second"] > 0
    assert report["cache"]["flood-risk"] | {"ops_per_second": 0} == {
        "hits": 3, "misses": 1, "hit_rate_percent": 75, "ops_per_second": 0, "entries": 1}  # fmt: skip


def test_risk_and_anomaly_are_computed_by_the_score_models(http: httpx.Client) -> None:
    risk = http.post("/predict", json=PLACE).json()
    assert (risk["model"], risk["class"], round(risk["score"], 6)) == ("flood-risk", "1", 0.96873)
    anomaly = http.post("/predict", json=PLACE, params={"model": "anomaly"}).json()
    assert anomaly["inputs"] == {"rain_mm": 41.6, "river_m": 2.84, "soil": 0.71, "slope": 0.01}
    missing = http.post("/predict", json={"rain_mm": 41.6})
    assert missing.status_code == 422 and "river_m is missing" in missing.json()["detail"]


def test_nowcasts_and_plans_are_computed_once_for_all_instances(system: System) -> None:
    def ask(number: int) -> tuple[Any, Any]:
        http = system.http(number % 2)
        plan = http.post("/evacuation", json={"district": "old town", "people": 2000}).json()
        return http.get("/nowcast/7").json(), plan

    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(ask, range(20)))
    assert all(answer == answers[0] for answer in answers)  # each computation would have its own time
    nowcast, plan = answers[0]
    assert len(nowcast["rain_mm"]) == 6 and sum(used["people"] for used in plan["plan"]) == 2000
    assert (system.stats("nowcast")["fills"], system.stats("evacuation")["fills"]) == (1, 1)
    assert system.http().post("/evacuation", json={"district": "moon", "people": 1}).status_code == 404


def test_a_batch_has_a_hundred_rows_in_one_pass(system: System, http: httpx.Client) -> None:
    known = http.post("/predict/batch", json={"rows": rows(30)}).json()["predictions"]
    found = http.post("/predict/batch", json={"rows": rows(100)}).json()["predictions"]
    assert len(found) == 100 and found[:30] == known
    assert (system.stats("batch")["hits"], system.stats("batch")["misses"]) == (30, 100)
    uncached = http.post("/predict/batch", json={"rows": rows(100)}, params={"cached": False}).json()["predictions"]
    assert uncached == found and system.stats("batch")["total_requests"] == 130


def test_a_row_that_fails_does_not_fail_the_batch(http: httpx.Client) -> None:
    found = http.post("/predict/batch", json={"rows": [PLACE, {"rain_mm": 1}]}).json()["predictions"]
    assert "score" in found[0] and "river_m is missing" in found[1]["error"]


def test_a_larger_batch_is_a_clear_error_and_the_limit_is_configurable(system: System, http: httpx.Client) -> None:
    for cached in (True, False):
        refused = http.post("/predict/batch", json={"rows": rows(101)}, params={"cached": cached})
        assert refused.status_code == 413 and "at most 100 (assess.max-batch)" in refused.json()["detail"]
    system.call("CONFIG", "SET", "assess.max-batch", 500)
    try:
        assert len(http.post("/predict/batch", json={"rows": rows(500)}).json()["predictions"]) == 500
    finally:
        system.call("CONFIG", "SET", "assess.max-batch", 100)


def test_near_equal_places_share_an_entry(system: System, http: httpx.Client) -> None:
    near = {"rain_mm": 42.4, "river_m": 2.78, "soil": 0.68, "slope": 0.009}
    first, second = (http.post("/predict", json=place).json() for place in (PLACE, near))
    assert first == second and first["inputs"] == {"rain_mm": 42, "river_m": 2.8, "soil": 0.7, "slope": 0.01}
    assert (system.stats("flood-risk")["hits"], system.stats("flood-risk")["misses"]) == (1, 1)


def test_instances_share_one_cache(system: System) -> None:
    first = system.http(0).post("/predict", json=PLACE).json()
    assert system.http(1).post("/predict", json=PLACE).json() == first
    assert (system.stats("flood-risk")["hits"], system.stats("flood-risk")["misses"]) == (1, 1)
    assert system.http(1).delete("/cache/flood-risk").json() == {"cleared": 1}
    system.http(0).post("/predict", json=PLACE)
    assert system.stats("flood-risk")["misses"] == 2


def test_fifty_users_and_a_hundred_with_large_batches_get_no_error(system: System) -> None:
    def use(user: int) -> list[httpx.Response]:
        http = system.http(user % 2)
        if user >= 50:
            return [http.post("/predict/batch", json={"rows": rows(100)})]
        return [http.post("/predict", json=PLACE | {"rain_mm": turn % 7}) for turn in range(10)]

    with ThreadPoolExecutor(50) as users:
        answers = [answer for found in users.map(use, range(150)) for answer in found]
    assert len(answers) == 600
    failures = [answer.text for answer in answers if not answer.is_success]
    assert len(failures) < 0.01 * len(answers), failures[:3]
