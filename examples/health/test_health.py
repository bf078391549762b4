"""The health system of examples/: decorators, warm-up, invalidation, limits, and what a phone keeps, over HTTP."""

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import redis

from harness.system import System
from harness.web import wait_for

FEEDBACK = {"user": "42", "item": "yoga", "stars": 5}


def count(system: System, pattern: str) -> int:
    return len(system.keys(pattern))


def read_all(http: httpx.Client, user: str) -> None:
    for path in (f"/recommendations/{user}", "/trending", "/analytics", f"/predictions/{user}", f"/profile/{user}"):
        assert http.get(path).is_success, path


def test_the_requests_of_the_readme_get_answers(system: System) -> None:
    printed = [text for _, text in system.documented()]
    assert json.loads(printed[0]) == ["a walk after lunch", "a glass of water"]
    assert printed[1] == "" and "hits" in json.loads(printed[2])["tiers"]["analytics"]
    assert json.loads(printed[3]) == {"cleared": 0}
    assert printed[-2:] == ["", ""]


@pytest.mark.parametrize(
    ("prefix", "seconds"),
    [("recommendations", 86400), ("analytics", 1800), ("predictions", 86400), ("profile", 7200), ("trending", 3600)],
)
def test_every_prefix_has_the_time_to_live_of_its_tier(
    system: System, http: httpx.Client, prefix: str, seconds: int
) -> None:
    read_all(http, "42")
    [key] = system.keys(f"{prefix}:*")
    assert seconds - 5 <= system.redis.ttl(key) <= seconds


def test_decorated_coroutines_and_functions_compute_once(system: System) -> None:
    with ThreadPoolExecutor(20) as callers:
        for path in ("/recommendations/42", "/predictions/42"):
            answers = list(callers.map(lambda at: system.http(at % 2).get(path).json(), range(20)))
            assert answers == [answers[0]] * 20
    assert (system.stats("recommendations")["fills"], system.stats("predictions")["fills"]) == (1, 1)
    assert system.stats("profiles")["fills"] == 1  # both need it


def test_decorators_invalidate_what_they_cached(system: System, http: httpx.Client) -> None:
    for user in ("42", "43"):
        read_all(http, user)
    assert http.put("/profile/42", json={"age": 30, "steps": 9000, "sleep_hours": 5}).status_code == 204
    assert [count(system, f"{prefix}:42:*") for prefix in ("profile", "predictions", "recommendations")] == [0, 0, 0]
    assert [count(system, f"{prefix}:43:*") for prefix in ("profile", "predictions", "recommendations")] == [1, 1, 1]
    assert http.get("/recommendations/42").json()[0] == "an earlier evening"
    assert http.get("/predictions/42").json() == {"risk": 0.32}


def test_feedback_clears_analytics_and_the_recommendations_of_its_user(system: System, http: httpx.Client) -> None:
    for user in ("42", "43"):
        read_all(http, user)
    assert http.get("/analytics").json() == {"items": 0, "stars": 0}
    assert http.post("/feedback", json=FEEDBACK).status_code == 204
    assert (
        count(system, "analytics:*"),
        count(system, "recommendations:42:*"),
        count(system, "recommendations:43:*"),
    ) == (0, 0, 1)
    assert http.get("/analytics").json() == {"items": 1, "stars": 5}
    assert "yoga" in http.get("/recommendations/42").json()


def test_critical_entries_are_warm_at_start(system: System) -> None:
    assert count(system, "*") == 0
    web = system.start()
    assert (count(system, "trending:*"), count(system, "analytics:*")) == (1, 1)
    web.http.get("/trending")
    assert system.stats("trending")["hits"] == 1 and system.stats("trending")["misses"] == 1


def test_the_health_check_has_a_line_for_each_check(http: httpx.Client) -> None:
    health = http.get("/health")
    assert health.status_code == 200 and health.json()["status"] == "ok"
    assert any(line.startswith("ok memory") for line in health.json()["checks"])


def test_the_statistics_of_the_server_are_beside_those_of_the_tiers(http: httpx.Client) -> None:
    read_all(http, "42")
    read_all(http, "42")
    found = http.get("/statistics").json()
    assert {
        "connected",
        "used_memory_mb",
        "used_memory_peak_mb",
        "evicted_keys",
        "expired_keys",
        "total_commands_processed",
    } < set(found)
    assert found["used_memory_mb"] > 0 and found["total_commands_processed"] > 10
    used = {tier for tier, stats in found["tiers"].items() if stats["hits"] > 0}
    assert used == {"recommendations", "analytics", "predictions", "profiles", "trending"}


def test_memory_is_limited_and_the_least_recently_used_entries_are_evicted(system: System, http: httpx.Client) -> None:
    limits = system.redis.config_get("maxmemory*")
    assert (limits["maxmemory"], limits["maxmemory-policy"]) == (str(512 << 20), "volatile-lru")
    used = system.redis.info("memory")["used_memory"]
    system.call("CONFIG", "SET", "maxmemory", used + (4 << 20))
    try:
        for at in range(120):
            assert http.put(f"/session/42/{at}", json="x" * 100_000).status_code == 204
        assert http.get("/statistics").json()["evicted_keys"] > 0
        assert 0 < count(system, "user:42:*") < 120 and count(system, "user:42:119") == 1
    finally:
        system.call("CONFIG", "SET", "maxmemory", 512 << 20)


def test_a_password_is_needed(system: System) -> None:
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=system.port).ping()
    with pytest.raises(RuntimeError, match="AuthenticationError"):
        system.start(REDIS_URL=f"redis://:wrong@localhost:{system.port}")


def test_logout_clears_the_entries_of_the_user(system: System, http: httpx.Client) -> None:
    for user in ("4", "42"):
        for name in ("theme", "cart"):
            assert http.put(f"/session/{user}/{name}", json={"of": user}).status_code == 204
    assert 7195 <= system.redis.ttl("user:4:cart") <= 7200 and system.redis.get("user:4:cart") == '{"of": "4"}'
    assert http.post("/logout/4").json() == {"cleared": 2}
    assert system.keys("user:*") == ["user:42:cart", "user:42:theme"]
    assert http.post("/logout/*").json() == {"cleared": 0}  # a name, no pattern


def test_a_phone_gets_entries_in_bulk_with_the_rest_of_their_lives(http: httpx.Client) -> None:
    read_all(http, "42")
    read_all(http, "43")
    entries = [json.loads(line) for line in http.get("/offline/42").text.splitlines()]
    assert [entry["key"].split(":")[:2] for entry in entries] == [
        ["recommendations", "42"],
        ["predictions", "42"],
        ["profile", "42"],
    ]
    assert json.loads(entries[0]["value"]) == http.get("/recommendations/42").json()
    assert all(0 < entry["ttl_ms"] <= 86_400_000 for entry in entries)


def offline(system: System, *words: str) -> None:
    command = [".venv/bin/python", "examples/health/offline.py", *words]
    subprocess.run(command, cwd=system.folder, env=system.environment, check=True)


def test_entries_go_to_sqlite_and_back_by_category_with_sizes_and_lives(system: System, http: httpx.Client) -> None:
    read_all(http, "42")
    system.call("CACHE.SET", "profile:large:", b"\xff" * 100_000)
    system.call("CACHE.SET", "profile:tagged:", b"\xfe\x00", "TTL", 60, "TAGS", 2, "a", "b")
    before = {key: (system.redis.pttl(key), size(system, key)) for key in system.keys("*:*:*")}
    offline(system, "pull", "phone.sqlite", "recommendations:*", "profile:*")
    with sqlite3.connect(system.folder / "phone.sqlite") as file:
        rows = file.execute("SELECT category, count(*), sum(bytes) FROM entries GROUP BY category").fetchall()
    profiles = [key for key in before if key.startswith("profile:")]
    assert rows == [("profile", 3, sum(before[key][1] for key in profiles)),
                    ("recommendations", 1, size(system, "recommendations:42:=3:"))]  # fmt: skip
    system.call("CACHE.INVALIDATE", "TIER", "profiles", "TIER", "recommendations")
    offline(system, "push", "phone.sqlite")
    for key in ["recommendations:42:=3:", *profiles]:
        assert size(system, key) == before[key][1] and 0 < system.redis.pttl(key) <= before[key][0], key
    assert system.call("CACHE.INVALIDATE", "TAG", "b") == 1


def size(system: System, key: str) -> int:
    return int(system.table("CACHE.TTL", key)["bytes"])


@pytest.fixture
def tracking(system: System) -> Iterator[tuple[redis.Redis, Any]]:
    """A client that keeps copies, and a connection that is notified when they are out of date."""
    password = system.environment["REDISCLI_AUTH"]
    with redis.Redis(port=system.port, password=password, protocol=2, single_connection_client=True) as client:
        with client.pubsub() as messages:
            messages.subscribe("__redis__:invalidate")
            wait_for(lambda: messages.get_message(timeout=1), "no reply to SUBSCRIBE")
            listeners = [line["id"] for line in client.client_list(_type="pubsub")]
            client.client_tracking_on(clientid=listeners[0])
            yield client, messages


def test_local_copies_of_connected_clients_are_invalidated(
    system: System, http: httpx.Client, tracking: tuple[redis.Redis, Any]
) -> None:
    read_all(http, "42")
    client, messages = tracking
    [key] = system.keys("analytics:*")
    assert json.loads(client.get(key) or "") == {"items": 0, "stars": 0}
    http.post("/feedback", json=FEEDBACK)
    message: Any = None

    def notified() -> bool:
        nonlocal message
        message = messages.get_message(timeout=1)
        return message is not None

    wait_for(notified, "no invalidation")
    assert message["data"] == [key.encode()]
