"""The origin system of examples/: codes, rules, assessments, verdicts and their caches, over HTTP."""

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis_assess

from harness.readme import REPOSITORY
from harness.system import System
from harness.web import wait_for

FACTS = {"date": "2026-08-01", "tv": 900, "bom": [{"hs": "8473.30", "origin": "CN", "value": 250}]}
LAPTOP = {"hs": "8471.30", "origin": "MX", "destination": "US", "facts": FACTS}
RULES: dict[str, Any] = {
    "format": "roo/1", "agreement": "atlantis", "title": "made up", "parties": ["MX", "JP"], "hs_version": 2022,
    "valid_from": "2024-01-01", "valid_to": None, "texts": ["A change of heading.", "A change of chapter."],
    "rules": [
        {"id": "A-84", "from": "840000", "to": "849999", "alternatives": [{"t": 1, "expr": {"ctc": "CC"}}]},
        {"id": "A-8471", "from": "847100", "to": "847199", "priority": 5, "alternatives": [{"t": 0, "expr": {"ctc": "CTH"}}]},
        {"id": "A-8471-first", "from": "847100", "to": "847199", "priority": 9, "alternatives": [{"t": 0, "expr": {"ctc": "CTH"}}]},
        {"id": "A-8471-old", "from": "847100", "to": "847199", "valid_to": "2024-12-31", "alternatives": [{"t": 0, "expr": {"ctc": "CTH"}}]},
        {"id": "A-85", "from": "850000", "to": "859999", "alternatives": [{"t": 0, "expr": {"ctc": "CTH"}}]},
    ],
}  # fmt: skip


def found(http: httpx.Client, path: str, **parameters: Any) -> Any:
    reply = http.get(path, params=parameters)
    assert reply.is_success, reply.text
    return reply.json()


def ids(http: httpx.Client, path: str, **parameters: Any) -> list[str]:
    return [one["id"] for one in found(http, path, **parameters)]


def assess(http: httpx.Client, **changed: Any) -> dict[str, Any]:
    reply = http.post("/assessments", json=LAPTOP | changed)
    assert reply.is_success, reply.text
    document: dict[str, Any] = reply.json()
    return document


@pytest.fixture
def atlantis(http: httpx.Client) -> None:
    assert http.put("/agreements", json=RULES).is_success


def test_the_requests_of_the_readme_get_answers(system: System) -> None:
    code, search, verdict, verdicts, job, health = (json.loads(text) for _, text in system.documented())
    assert (code["code"], search[0]["code"], verdict["verdict"], len(verdicts)) == ("847130", "847130", "qualified", 1)
    assert job["job_id"] and health["status"] == "running"


# --- codes ------------------------------------------------------------------------------------------------------------


def test_a_code_is_looked_up_with_its_hierarchy(http: httpx.Client) -> None:
    code = found(http, "/hs/8471.30")
    assert [code[name] for name in ("code", "section", "chapter", "heading", "subheading", "parent")] == [
        "847130", "XVI", "84", "8471", "847130", "8471"]  # fmt: skip
    assert [one["code"] for one in code["parents"]] == ["8471", "84"]
    assert [one["code"] for one in found(http, "/hs/84/children")] == ["8471", "8473"]
    assert http.get("/hs/9999").status_code == 404


def test_codes_are_searched_by_description_with_a_limit(http: httpx.Client) -> None:
    assert found(http, "/hs/search", q="laptop", limit=1)[0]["code"] == "847130"
    assert found(http, "/hs/search", q="lithum batery", limit=5)[0]["code"] == "850760"
    assert len(found(http, "/hs/search", q="machines", limit=2)) == 2


def test_codes_are_looked_up_by_version(http: httpx.Client) -> None:
    codes = "section,hscode,description,parent,level\nXVI,84,Machines of 2017,TOTAL,2\n"
    assert http.put("/hs", params={"version": 2017}, content=codes).is_success
    assert found(http, "/hs/84", version=2017)["description"] == "Machines of 2017"
    assert found(http, "/hs/84")["description"].startswith("Machinery and mechanical appliances")
    assert http.get("/hs/84", params={"version": 2012}).status_code == 404


def test_all_6940_codes_are_loaded_and_searched(http: httpx.Client) -> None:
    data = Path(os.environ.get("ASSESS_DATA", REPOSITORY.parent / "shared/data")) / "hs/harmonized-system.csv"
    if not data.is_file():
        pytest.skip(f"no {data}")
    found(http, "/hs/search", q="laptop", limit=5)
    assert http.put("/hs", content=data.read_bytes()).json() == {"invalidated": 1}
    pork = found(http, "/hs/search", q="pork", limit=20)
    assert len(pork) == 20
    assert {one["code"][:2] for one in pork[:5]} <= {"02", "16"}
    code = found(http, "/hs/0203.12")
    assert [code[name] for name in ("section", "chapter", "heading", "subheading")] == ["I", "02", "0203", "020312"]
    assert len(found(http, "/hs/02/children")) == 10


# --- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("atlantis")
def test_rules_by_agreement_and_chapter(http: httpx.Client) -> None:
    assert set(ids(http, "/rules", agreement="atlantis", hs="85")) == {"A-85"}
    assert set(ids(http, "/rules", agreement="atlantis", hs="84")) == {"A-84", "A-8471", "A-8471-first", "A-8471-old"}
    assert set(ids(http, "/agreements/atlantis/rules")) == {rule["id"] for rule in RULES["rules"]}


@pytest.mark.usefixtures("atlantis")
def test_rules_by_hierarchy_the_most_specific_first(http: httpx.Client) -> None:
    assert ids(http, "/rules", hs="8471.30", on="2024-06-01") == [
        "USMCA-2024-01",
        "A-8471-first",
        "A-8471",
        "A-8471-old",
        "A-84",
    ]


@pytest.mark.usefixtures("atlantis")
def test_rules_by_effective_date_and_only_active_ones(http: httpx.Client) -> None:
    assert "A-8471-old" in ids(http, "/rules", hs="8471", on="2024-06-01")
    assert "A-8471-old" not in ids(http, "/rules", hs="8471", on="2025-06-01")
    assert "A-8471-old" not in ids(http, "/rules", hs="8471", active=True)
    assert ids(http, "/rules", agreement="atlantis", on="2023-12-31") == []


@pytest.mark.usefixtures("atlantis")
def test_rules_by_priority(http: httpx.Client) -> None:
    equal = [one for one in ids(http, "/rules", agreement="atlantis") if one.startswith("A-8471")]
    assert equal == ["A-8471-first", "A-8471", "A-8471-old"]


@pytest.mark.usefixtures("atlantis")
def test_rules_by_jurisdiction(http: httpx.Client) -> None:
    assert ids(http, "/rules", party="US") == ["USMCA-2024-01"]
    assert len(ids(http, "/rules", party="JP")) == 5 and len(ids(http, "/rules", party="MX")) == 6
    assert ids(http, "/rules", party="FR") == []


@pytest.mark.usefixtures("atlantis")
def test_a_rule_by_its_id(http: httpx.Client) -> None:
    assert (
        found(http, "/rules/A-85")["agreement"] == "atlantis"
        and found(http, "/rules/USMCA-2024-01")["agreement"] == "sample"
    )
    assert http.get("/rules/none").status_code == 404


# --- assessments and verdicts -----------------------------------------------------------------------------------------


def test_a_laptop_from_mexico_qualifies_for_the_united_states(http: httpx.Client) -> None:
    verdict = assess(http)
    assert (verdict["verdict"], verdict["confidence"], verdict["citations"][0]["rule"]) == (
        "qualified",
        0.792,
        "USMCA-2024-01",
    )
    unknown = assess(http, facts={"date": "2026-08-01"})
    assert (unknown["verdict"], unknown["missing"]) == ("insufficient_information", ["bom", "tv"])
    assert http.post("/assessments", json=LAPTOP | {"hs": "84713"}).status_code == 404


def verdicts_of_three(http: httpx.Client) -> None:
    assess(http, tenant="acme")
    assess(http, tenant="beta", facts={"date": "2026-08-01"})
    assess(http, tenant="acme", hs="8471.30", origin="CA", facts=FACTS | {"tv": 500})


def test_verdicts_are_listed_newest_first(http: httpx.Client) -> None:
    verdicts_of_three(http)
    listed = found(http, "/verdicts")
    assert [one["origin"] for one in listed] == ["CA", "MX", "MX"] and listed[0]["id"] > listed[1]["id"] > listed[2][
        "id"
    ]
    assert len(found(http, "/verdicts", limit=2)) == 2


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"tenant": "acme"}, 2), ({"tenant": "other"}, 0),
        ({"status": "qualified"}, 1), ({"status": "insufficient_information"}, 1), ({"status": "not_qualified"}, 1),
        ({"agreement": "sample", "hs": "8471"}, 3), ({"agreement": "sample", "hs": "85"}, 0), ({"agreement": "other"}, 0),
        ({"origin": "CA", "destination": "US"}, 1), ({"origin": "US", "destination": "CA"}, 0),
        ({"confidence": 0.5}, 3), ({"confidence": 0.7}, 2), ({"confidence": 0.9}, 0),
        ({"tenant": "acme", "status": "qualified", "origin": "MX", "destination": "US"}, 1),
    ],
)  # fmt: skip
def test_verdicts_by(http: httpx.Client, filters: dict[str, Any], count: int) -> None:
    """By tenant, by status, by agreement and product, by trade route, by confidence, and by several of them."""
    verdicts_of_three(http)
    assert len(found(http, "/verdicts", **filters)) == count


def test_verdicts_by_date(http: httpx.Client) -> None:
    before = datetime.now(timezone.utc) - timedelta(minutes=10)
    verdicts_of_three(http)
    after = datetime.now(timezone.utc) + timedelta(minutes=10)
    assert len(found(http, "/verdicts", since=before.isoformat(), until=after.isoformat())) == 3
    assert (
        found(http, "/verdicts", until=before.isoformat()) == []
        and found(http, "/verdicts", since=after.isoformat()) == []
    )
    exact = found(http, "/verdicts")[1]["time"]
    at = datetime.fromtimestamp(exact / 1000, timezone.utc).isoformat()
    assert {one["time"] for one in found(http, "/verdicts", since=at, until=at)} == {exact}


def test_duplicates_are_found_by_the_hash_of_their_input(http: httpx.Client) -> None:
    assess(http, tenant="acme")
    assess(http, tenant="beta", facts=FACTS | {"tv": 901})
    assert http.delete("/cache/hs").json() == {"invalidated": 0}
    assert http.put("/agreements", content=(json.dumps(RULES))).is_success  # assessments are computed again
    assess(http, tenant="beta")
    last, _, first = found(http, "/verdicts")
    assert [one["id"] for one in found(http, f"/verdicts/{last['id']}/duplicates")] == [first["id"]]
    assert last["hash"] == first["hash"]


# --- caches -----------------------------------------------------------------------------------------------------------


def test_every_kind_of_entry_has_its_key_and_time_to_live(system: System, http: httpx.Client) -> None:
    found(http, "/hs/847130")
    found(http, "/hs/search", q="laptop", limit=5)
    found(http, "/rules/USMCA-2024-01")
    found(http, "/agreements/sample/rules")
    assess(http)
    number = found(http, "/verdicts")[0]["id"]
    assert found(http, f"/verdicts/{number}")["status"] == "qualified" and http.get("/verdicts/1").status_code == 404
    wait_for(lambda: system.keys("assessment:{origin}:*"), "the assessment is not stored")
    for key, seconds in [("hs:code:847130", 3600), ("hs:search:laptop:5", 3600), ("rule:id:USMCA-2024-01", 1800),
                         ("rules:agreement:sample", 1800), (f"verdict:{number}", 3600),
                         (system.keys("assessment:{origin}:*")[0], 300)]:  # fmt: skip
        assert seconds - 5 <= system.redis.ttl(key) <= seconds, key


def test_documents_come_from_the_cache_the_second_time(system: System, http: httpx.Client) -> None:
    for _ in range(3):
        found(http, "/hs/847130")
        found(http, "/hs/search", q="laptop", limit=5)
        found(http, "/rules/USMCA-2024-01")
        assess(http)
    for tier, hits, misses in [("hs", 4, 2), ("rules", 2, 1), ("origin", 2, 1)]:
        assert (system.stats(tier)["hits"], system.stats(tier)["misses"]) == (hits, misses), tier


def test_an_update_invalidates_codes_and_assessments_and_tells_how_many(system: System, http: httpx.Client) -> None:
    found(http, "/hs/847130")
    found(http, "/hs/search", q="laptop", limit=5)
    found(http, "/rules/USMCA-2024-01")
    assert http.delete("/cache/hs").json() == {"invalidated": 2}
    found(http, "/hs/847130")
    assess(http)
    wait_for(lambda: system.keys("assessment:{origin}:*"), "the assessment is not stored")
    codes = "section,hscode,description,parent,level\nXVI,84,Machines,TOTAL,2\nXVI,8471,Computers,84,4\nXVI,847130,Laptops,8471,6\n"
    # A new version of the model makes its assessments invalid before they are counted.
    assert http.put("/hs", content=codes).json()["invalidated"] in (1, 2)
    assert system.keys("hs:*") == system.keys("assessment:*") == []
    assert found(http, "/hs/847130")["description"] == "Laptops" and system.redis.exists("rule:id:USMCA-2024-01")


def test_json_values_are_set_read_and_deleted(system: System) -> None:
    with redis_assess.connect(system.environment["REDIS_URL"]) as store:
        value = json.dumps({"code": "847130", "rate": 2.5})
        assert store.cache.set("hs:code:847130", value) and store.cache.get("hs:code:847130") == value.encode()
        assert store.client.get("hs:code:847130") == value and store.client.exists("hs:code:847130") == 1
        assert 3595 <= store.client.ttl("hs:code:847130") <= 3600 and store.client.ping() is True
        assert store.client.delete("hs:code:847130") == 1 and store.cache.get("hs:code:847130") is None


def test_health_has_a_ping_and_the_checks(http: httpx.Client) -> None:
    health = found(http, "/health")
    assert health["ping"] is True and health["checks"]
