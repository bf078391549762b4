"""The jobs of the origin system: submitted, followed and cancelled over HTTP; some are run by Redis, some by workers."""

import json
from typing import Any

import httpx

from harness.system import System
from harness.web import wait_for

QUEUE = "assess:jobs:{origin}"
GOODS = {"hs": "8471.30", "origin": "MX", "destination": "US"}


def submit(http: httpx.Client, job_type: str, payload: dict[str, Any], **options: Any) -> str:
    reply = http.post("/jobs", json={"type": job_type, "payload": payload, **options})
    assert reply.status_code == 202, reply.text
    return str(reply.json()["job_id"])


def status(http: httpx.Client, job: str) -> dict[str, Any]:
    reply = http.get(f"/jobs/{job}")
    assert reply.is_success, reply.text
    found: dict[str, Any] = reply.json()
    return found


def ended(http: httpx.Client, job: str) -> dict[str, Any]:
    states = ("completed", "failed", "cancelled", "dead")
    wait_for(lambda: status(http, job)["status"] in states, f"the job has not ended: {status(http, job)}")
    return status(http, job)


def claim(system: System, count: int = 1) -> list[dict[str, Any]]:
    """Jobs for a worker of the type `manual`: this test."""
    reply = system.call("JOB.CLAIM", QUEUE, 1, "manual", "COUNT", count)
    return [job if isinstance(job, dict) else dict(zip(job[::2], job[1::2])) for job in reply]


def test_a_job_has_a_type_a_payload_and_a_priority(system: System, http: httpx.Client) -> None:
    jobs = {submit(http, "manual", {"number": at}, priority=priority): priority
            for at, priority in enumerate(["low", "normal", "critical", "high"])}  # fmt: skip
    claimed = claim(system, 4)
    assert [jobs[job["id"]] for job in claimed] == ["critical", "high", "normal", "low"]
    assert [json.loads(job["payload"])["number"] for job in claimed] == [2, 3, 1, 0]
    assert status(http, claimed[0]["id"])["priority"] == "critical"
    assert http.post("/jobs", json={"type": "manual", "payload": {}, "priority": "urgent"}).status_code == 422
    assert http.post("/jobs", json={"type": "load", "payload": {}}).status_code == 403


def test_the_status_has_progress_message_and_result(system: System, http: httpx.Client) -> None:
    job = submit(http, "manual", {})
    assert (status(http, job)["status"], status(http, job)["progress"]) == ("pending", 0)
    [claimed] = claim(system)
    system.call("JOB.HEARTBEAT", QUEUE, job, claimed["token"], "PROGRESS", 40, "MESSAGE", "4 of 10")
    running = status(http, job)
    assert (running["status"], running["progress"], running["progress_message"]) == ("running", 40, "4 of 10")
    system.call("JOB.COMPLETE", QUEUE, job, claimed["token"], '{"done":10}')
    assert (status(http, job)["status"], status(http, job)["progress"], status(http, job)["result"]) == (
        "completed",
        100,
        {"done": 10},
    )
    assert http.get("/jobs/none").status_code == 404


def test_the_status_has_the_error_of_a_job_that_failed(system: System, http: httpx.Client) -> None:
    job = submit(http, "manual", {})
    [claimed] = claim(system)
    system.call("JOB.FAIL", QUEUE, job, claimed["token"], "the file is empty", "RETRY", "no")
    assert (status(http, job)["status"], status(http, job)["error"]) == ("failed", "the file is empty")
    refused = ended(http, submit(http, "report", {}))
    assert (refused["status"], refused["error"]) == ("failed", "a report needs goods")


def test_an_ended_job_is_kept_for_its_time_to_live(system: System, http: httpx.Client) -> None:
    short, long = submit(http, "manual", {}, ttl=0), submit(http, "manual", {}, ttl=3600)
    for claimed in claim(system, 2):
        system.call("JOB.COMPLETE", QUEUE, claimed["id"], claimed["token"], "null")
    wait_for(lambda: http.get(f"/jobs/{short}").status_code == 404, "the job is still there")
    assert status(http, long)["status"] == "completed"


def test_a_waiting_and_a_running_job_are_cancelled(system: System, http: httpx.Client) -> None:
    running, waiting = submit(http, "manual", {}), submit(http, "manual", {})
    [claimed] = claim(system)
    assert http.post(f"/jobs/{waiting}/cancel").json() == {"status": "cancelled"}
    assert status(http, waiting)["status"] == "cancelled"
    assert http.post(f"/jobs/{running}/cancel").json() == {"status": "running"}
    assert status(http, running)["cancel_requested"] == 1
    assert system.call("JOB.HEARTBEAT", QUEUE, running, claimed["token"]) == "cancel"
    system.call("JOB.FAIL", QUEUE, running, claimed["token"], "stopped")
    assert status(http, running)["status"] == "cancelled"
    assert http.post("/jobs/none/cancel").status_code == 404


def test_ten_jobs_run_at_a_time(system: System, http: httpx.Client) -> None:
    for _ in range(12):
        submit(http, "manual", {})
    first = claim(system, 12)
    assert len(first) == 10 and claim(system, 12) == []
    health = http.get("/jobs/health").json()
    assert (health["running_jobs"], health["max_concurrent_jobs"], health["pending"]) == (10, 10, 2)
    system.call("JOB.COMPLETE", QUEUE, first[0]["id"], first[0]["token"], "null")
    assert len(claim(system, 12)) == 1


def test_health_has_running_jobs_their_limit_and_the_types(http: httpx.Client) -> None:
    # Types are listed when a worker has claimed them: those of Redis, too.
    ended(http, submit(http, "report", {"goods": [GOODS]}))
    ended(http, submit(http, "assess", {"model": "origin", **GOODS}))
    health = http.get("/jobs/health").json()
    assert (health["status"], health["running_jobs"], health["max_concurrent_jobs"]) == ("running", 0, 10)
    assert {"assess", "import", "report"} <= set(health["registered_handlers"]) and health["completed"] == 2


def test_an_assessment_in_the_background(http: httpx.Client) -> None:
    payload = {"model": "origin", **GOODS, "facts": {"date": "2026-08-01", "wholly_obtained": True}, "tenant": "acme"}
    job = ended(http, submit(http, "assess", payload))
    assert (job["status"], job["result"]["verdict"]) == ("completed", "qualified")
    assert [one["tenant"] for one in http.get("/verdicts").json()] == ["acme"]
    wrong = ended(http, submit(http, "assess", payload | {"hs": "84713"}))
    assert wrong["status"] == "failed" and "NOSUBJECT" in wrong["error"]


def test_codes_are_imported_in_bulk(http: httpx.Client) -> None:
    items = [{"code": "8471.60", "description": "Keyboards"}, {"code": "8471.70", "description": "Storage units"}]
    job = ended(http, submit(http, "import", {"model": "origin", "items": items}))
    assert job["status"] == "completed", job
    assert http.get("/hs/847160").json()["description"] == "Keyboards"
    wrong = ended(
        http,
        submit(http, "import", {"model": "origin", "items": [{"code": "8471.80", "description": "x"}, {"code": "?"}]}),
    )
    assert wrong["status"] == "failed" and http.get("/hs/847180").status_code == 404


def test_a_type_of_the_application_is_run_by_its_handler(http: httpx.Client) -> None:
    wholly = GOODS | {"facts": {"date": "2026-08-01", "wholly_obtained": True}}
    job = ended(http, submit(http, "report", {"goods": [GOODS, wholly, wholly]}, priority="high"))
    assert (job["status"], job["result"]) == ("completed", {"insufficient_information": 1, "qualified": 2})
    listed = http.get("/jobs", params={"status": "completed"}).json()
    assert [one["job_type"] for one in listed] == ["report"]
