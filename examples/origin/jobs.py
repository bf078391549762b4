"""The jobs of the system: submitted, followed and cancelled over HTTP, and the types that this application runs itself.

Redis runs the types `assess` (goods) and `import` (codes) in the queue of the model. Any other type waits for a worker:
this one runs `report`, and a program in another language could claim another type.
"""

import json
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from redis_assess.asyncio import Assess, GiveUp, Run, Worker

RESERVED = ("load", "warm")  # they read files and fill the cache: not for the users of this service


class Job(BaseModel):
    type: str
    payload: dict[str, Any]
    priority: Literal["low", "normal", "high", "critical"] = "normal"
    ttl: int = Field(3600, ge=0, description="seconds for which the job is kept after its end")


def worker(store: Assess) -> Worker:
    """Runs the types of this application."""

    async def report(payload: Any, update_progress: Run) -> dict[str, int]:
        """How many of these goods have which verdict."""
        goods, counts = payload.get("goods") or [], dict[str, int]()
        if not goods:
            raise GiveUp("a report needs goods")
        for done, one in enumerate(goods):
            update_progress(100 * done / len(goods), f"{done} of {len(goods)} goods")
            verdict = (
                await store.origin("origin").get(one["hs"], one["origin"], one["destination"], one.get("facts"))
            )["verdict"]
            counts[verdict] = counts.get(verdict, 0) + 1
        return counts

    queue = store.origin("origin").jobs.key
    return Worker(store.client, queue, {"report": report}, concurrency=10, decode=json.loads, block_ms=500)


def router(store: Assess) -> APIRouter:
    queue = store.origin("origin").jobs
    routes = APIRouter(prefix="/jobs")

    @routes.post("", status_code=202)
    async def submit(job: Job) -> dict[str, str]:
        if job.type in RESERVED:
            raise HTTPException(403, f"jobs of type {job.type} are not for users")
        return {"job_id": (await queue.submit(job.type, job.payload, priority=job.priority, ttl=job.ttl)).id}

    @routes.get("/health")
    async def health() -> dict[str, Any]:
        info = await queue.info()
        names = (
            "status",
            "max_concurrent_jobs",
            "running_jobs",
            "registered_handlers",
            "pending",
            "completed",
            "failed",
        )
        return {name: info[name] for name in names}

    @routes.get("")
    async def jobs(status: str | None = None, limit: int = 10) -> list[dict[str, Any]]:
        return await queue.list(status=status, limit=limit)  # type: ignore[arg-type]  # the server knows the states

    @routes.get("/{job_id}")
    async def status(job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = {**await queue.status(job_id)}
        if found["result"] is not None:
            found["result"] = json.loads(found["result"])
        return found

    @routes.post("/{job_id}/cancel")
    async def cancel(job_id: str) -> dict[str, str]:
        """A waiting job is cancelled immediately; a running one stays `running` until its worker is notified."""
        return {"status": await queue.cancel(job_id)}

    return routes
