"""The recommendation system of examples/: single flight over several workers, invalidation, warm-up, metrics, over HTTP."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from harness.system import System
from harness.web import wait_for

SITE = "https://site.example"


def save(http: httpx.Client, user: str, path: str) -> dict[str, Any]:
    reply = http.post("/content", json={"user": user, "url": SITE + path})
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


def recommend(http: httpx.Client, user: str, **wanted: Any) -> list[dict[str, Any]]:
    reply = http.post(f"/recommendations/{user}", json=wanted)
    assert reply.is_success, reply.text
    found: list[dict[str, Any]] = reply.json()
    return found


def content(http: httpx.Client) -> list[str]:
    """Pages of user 8; their ids."""
    return [
        save(http, "8", path)["page"] for path in ("/cooking/rice", "/cooking/pasta", "/sports/tennis", "/travel/japan")
    ]


def test_the_requests_of_the_readme_get_answers(system: System) -> None:
    first, second, login, recommended, metrics = (json.loads(text) for _, text in system.documented())
    assert first["page"] != second["page"] and login == {"user": "7", "bookmarks": 1}
    assert [one["url"] for one in recommended] == [f"{SITE}/cooking/rice"] and "recommendations" in metrics


@pytest.mark.parametrize(
    ("pattern", "seconds"),
    [("fuze:embedding:*", 86400), ("fuze:scraped:*", 3600), ("fuze:user_bookmarks:7", 300), ("fuze:recommendations:7:*", 1800),
     ("fuze:content_analysis:*", 86400), ("fuze:query:*", 300)],
)  # fmt: skip
def test_every_kind_has_its_key_and_time_to_live(
    system: System, http: httpx.Client, pattern: str, seconds: int
) -> None:
    content(http)
    recommend(http, "7", text="cooking")
    assert len(http.get("/search", params={"q": "cooking"}).json()) == 2
    keys = system.keys(pattern)
    assert keys and all(seconds - 5 <= system.redis.ttl(key) <= seconds for key in keys)


def test_recommendations_are_the_pages_that_are_nearest(http: httpx.Client) -> None:
    content(http)
    found = recommend(http, "7", text="cooking a pasta", top=2)
    assert [one["url"] for one in found] == [f"{SITE}/cooking/pasta", f"{SITE}/cooking/rice"]
    save(http, "7", "/travel/norway")
    assert recommend(http, "7", top=1)[0]["url"] == f"{SITE}/travel/japan"


def test_large_values_are_compressed(system: System, http: httpx.Client) -> None:
    [page, *_] = content(http)
    recommend(http, "7", text="cooking")
    assert system.stats("scraped")["compression_ratio"] > 2
    text = json.loads(system.call("CACHE.GET", f"fuze:scraped:{page}"))["text"]
    assert text.split()[:4] == ["cooking", "rice", "cooking", "rice"] and len(text) > 1024
    assert (
        system.redis.type(f"fuze:scraped:{page}") == "assessent"
        and system.redis.type("fuze:user_bookmarks:7") == "string"
    )


def test_equal_requests_of_all_workers_are_computed_once(system: System) -> None:
    patient(system)
    content(system.http(0))
    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(lambda at: recommend(system.http(at % 2), "7", text="cooking"), range(40)))
    assert all(answer == answers[0] for answer in answers)
    stats = system.stats("recommendations")
    assert (stats["fills"], stats["leases_granted"]) == (1, 1)


def patient(system: System) -> None:
    """Longer times for the tier: on a busy machine the steps of a test may take longer than the five seconds."""
    tier = ("TIER.SET", "recommendations", "PATTERN", "fuze:recommendations:*", "TTL", 1800)
    system.call(*tier, "LEASE", 600_000, "WAIT", 600_000)


def in_flight(system: System, http: httpx.Client, **wanted: Any) -> str:
    """The key of a request."""
    before = set(system.keys("fuze:recommendations:*"))
    recommend(http, "7", **wanted)
    [key] = set(system.keys("fuze:recommendations:*")) - before
    system.redis.delete(key)
    return key


def test_a_request_waits_for_the_same_one_in_flight_on_another_worker(system: System, http: httpx.Client) -> None:
    patient(system)
    content(http)
    key = in_flight(system, http, text="cooking")
    state, token, _ = system.call("CACHE.FETCH", key)  # this test is the other worker
    assert state == "lease"
    with ThreadPoolExecutor(5) as callers:
        waiting = [callers.submit(recommend, system.http(at % 2), "7", text="cooking") for at in range(5)]
        wait_for(lambda: system.table("CACHE.TTL", key)["waiters"] == 5, "the requests do not wait")
        system.call("CACHE.FILL", key, token, '[{"page":"from the other worker"}]')
        assert [one.result() for one in waiting] == [[{"page": "from the other worker"}]] * 5


def test_the_window_is_five_seconds_and_a_worker_that_ends_does_not_block_the_others(
    system: System, http: httpx.Client
) -> None:
    tier = system.table("TIER.INFO", "recommendations")
    assert (tier["lease_ms"], tier["wait_ms"]) == (5000, 5000)
    content(http)
    key = in_flight(system, http, text="cooking")
    system.call("CACHE.FETCH", key, "LEASE", 300)  # and never filled
    assert recommend(http, "7", text="cooking")[0]["url"].startswith(f"{SITE}/cooking")
    assert system.stats("recommendations")["leases_expired"] == 1


def test_saving_content_removes_what_it_makes_wrong(system: System, http: httpx.Client) -> None:
    content(http)
    page = save(http, "7", "/travel/norway")["page"]
    for user in ("7", "8", "77"):
        recommend(http, user, text="cooking")
        recommend(http, user, text="travel")
        http.get(f"/bookmarks/{user}")
    http.get(f"/content/{page}/analysis")
    own = [
        f"fuze:scraped:{page}",
        f"fuze:content_analysis:{page}",
        "fuze:user_bookmarks:7",
        *system.keys("fuze:recommendations:7:*"),
    ]
    assert len(own) == 5 and system.redis.exists(*own) == 5
    others = system.keys("fuze:recommendations:[87]*:*")
    assert save(http, "7", "/travel/norway")["invalidated"] == 5
    assert system.redis.exists(*own) == 0 and system.keys("fuze:recommendations:7:*") == []
    assert system.redis.exists("fuze:user_bookmarks:8") and len(system.keys("fuze:recommendations:8:*")) == 2
    assert len(others) == 6 and len(system.keys("fuze:recommendations:77:*")) == 2


def test_what_was_computed_before_a_page_was_saved_is_not_stored_after_it(system: System, http: httpx.Client) -> None:
    patient(system)
    content(http)
    key = in_flight(system, http, text="cooking")
    _, token, _ = system.call("CACHE.FETCH", key)
    save(http, "7", "/cooking/soup")
    with pytest.raises(Exception, match="LEASELOST invalidated"):
        system.call("CACHE.FILL", key, token, "[]")
    assert recommend(http, "7", text="cooking") != []


def test_the_data_of_a_user_are_warm_after_login(system: System, http: httpx.Client) -> None:
    content(http)
    save(http, "7", "/cooking/soup")
    assert http.post("/login/7").json() == {"user": "7", "bookmarks": 1}
    system.call("CACHE.STATS", "RESET")
    recommend(http, "7")
    assert len(http.get("/bookmarks/7").json()) == 1
    for kind in ("recommendations", "bookmarks"):
        assert (system.stats(kind)["hits"], system.stats(kind)["misses"]) == (1, 0), kind


def test_popular_content_is_preloaded(system: System, http: httpx.Client) -> None:
    pages = content(http)
    for page in (pages[0], pages[0], pages[0], pages[2], pages[2], pages[1]):
        http.get(f"/content/{page}/analysis")
    system.call("CACHE.INVALIDATE", "TIER", "analysis")
    assert http.post("/preload", params={"top": 2}).json() == {"preloaded": 2}
    assert set(system.keys("fuze:content_analysis:*")) == {
        f"fuze:content_analysis:{page}" for page in (pages[0], pages[2])
    }
    system.call("CACHE.INVALIDATE", "TIER", "analysis")
    system.start()  # a new instance preloads, too
    assert system.redis.exists(f"fuze:content_analysis:{pages[0]}") == 1


def test_metrics_have_percentiles_rates_and_throughput_of_each_kind(system: System, http: httpx.Client) -> None:
    content(http)
    for _ in range(400):
        http.get("/bookmarks/8")
    broken = http.post("/content", json={"user": "8", "url": "https://gone.invalid/"}).json()["page"]
    assert http.get(f"/content/{broken}/analysis").status_code == 502
    found = http.get("/metrics").json()
    assert set(found) == {"embeddings", "scraped", "bookmarks", "recommendations", "analysis", "queries"}
    marks = found["bookmarks"]
    assert marks["hit_rate_percent"] > 99 and marks["error_rate_percent"] == 0
    assert 0 < marks["p50_ms"] <= marks["p95_ms"] <= marks["p99_ms"]
    assert found["scraped"]["error_rate_percent"] == 100

    def throughput() -> float:
        http.get("/bookmarks/8")
        return float(http.get("/metrics").json()["bookmarks"]["requests_per_second"])

    wait_for(throughput, "no throughput after a second")
