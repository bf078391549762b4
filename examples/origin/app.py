"""Rules of origin: codes, rules, assessments and verdicts. jobs.py has the work in the background."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, Any

import jobs
import redis
from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from redis_assess.asyncio import OriginModel, Remembered, connect
from redis_assess.errors import NoModelError, NoSubjectError, NotReadyError

store = connect()  # REDIS_URL
model = store.origin("origin")
Limit = Annotated[int, Query(ge=1, le=1000)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    worker = jobs.worker(store)
    running = asyncio.create_task(worker.run())
    yield
    worker.stop()
    await running
    await store.aclose()


app = FastAPI(title="Rules of origin", lifespan=lifespan)
app.include_router(jobs.router(store))


class Goods(BaseModel):
    hs: str
    origin: str
    destination: str
    facts: dict[str, Any] = {}
    tenant: str | None = None


async def through(key: str, compute: Callable[[], Awaitable[Any]]) -> Response:
    """A document from the cache, under the key of the system; the first caller computes it."""

    async def text() -> str:
        return json.dumps(await compute())

    return Response(await store.cache.get_or_compute(key, text), media_type="application/json")


# --- codes ------------------------------------------------------------------------------------------------------------


def nomenclature(version: str | None) -> OriginModel:
    """The model with the codes of an edition. Those of the agreements are in the model of the agreements itself."""
    return store.origin(f"nomenclature:{version}") if version else model


@app.get("/hs/search")
async def search(q: str, limit: Limit = 10) -> Response:
    return await through(f"hs:search:{q}:{limit}", lambda: model.find(q, limit=limit))


@app.get("/hs/{code}")
async def lookup(code: str, version: str | None = None) -> Response:
    """A code with the section, chapter, heading and subheading that it belongs to."""
    codes = nomenclature(version)

    async def compute() -> dict[str, Any]:
        [own] = await codes.hs(code)
        above = await codes.hs(code, "parents")
        names = {2: "chapter", 4: "heading", 6: "subheading"}
        levels = {names[one["level"]]: one["code"] for one in (own, *above) if one["level"] in names}
        return {**own, **levels, "version": version, "parents": above}

    return await through(f"hs:code:{code}:{version}" if version else f"hs:code:{code}", compute)


@app.get("/hs/{code}/children")
async def children(code: str, version: str | None = None) -> list[Any]:
    return await nomenclature(version).hs(code, "children")


# --- rules ------------------------------------------------------------------------------------------------------------


@app.get("/agreements/{code}/rules")
async def rules_of_agreement(code: str) -> Response:
    return await through(f"rules:agreement:{code}", lambda: model.rules(agreement=code, limit=1000))


@app.get("/rules/{rule}")
async def rule_by_id(rule: str) -> Response:
    """The server finds rules by code, not by id: this looks through all agreements, and the tier keeps what it finds."""

    async def compute() -> Any:
        for agreement in await model.labels():
            for found in await model.rules(agreement=agreement, limit=1000):
                if found["id"] == rule:
                    return found
        raise HTTPException(404, f"no rule {rule}")

    return await through(f"rule:id:{rule}", compute)


@app.get("/rules")
async def rules(
    hs: str | None = None,
    agreement: str | None = None,
    party: str | None = None,
    on: date | None = None,
    active: bool = False,
    limit: Limit = 10,
) -> list[Any]:
    """The most specific rule first, then by priority. `hs` is a code or the chapter or heading of one, `on` a day."""
    day = date.today() if active else on
    return await model.rules(hs=hs, agreement=agreement, party=party, date=str(day) if day else None, limit=limit)


# --- assessments and verdicts -----------------------------------------------------------------------------------------


@app.post("/assessments")
async def assess(goods: Goods) -> Any:
    return await model.get(goods.hs, goods.origin, goods.destination, goods.facts, tenant=goods.tenant)


@app.get("/verdicts")
async def verdicts(
    tenant: str | None = None,
    status: str | None = None,
    agreement: str | None = None,
    hs: str | None = None,
    origin: str | None = None,
    destination: str | None = None,
    confidence: Annotated[float | None, Query(ge=0, le=1)] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: Limit = 10,
) -> list[Any]:
    """The newest first."""
    if (origin is None) != (destination is None):
        raise HTTPException(422, "a route has origin and destination")
    return await model.history(
        tenant=tenant, status=status, agreement=agreement, hs=hs, confidence=confidence, limit=limit,
        route=(origin, destination) if origin and destination else None, since=unix_ms(since), until=unix_ms(until),
    )  # fmt: skip


@app.get("/verdicts/{number}")
async def verdict(number: int) -> Response:
    return await through(f"verdict:{number}", lambda: logged(number))


@app.get("/verdicts/{number}/duplicates")
async def duplicates(number: int) -> list[Any]:
    """Verdicts on the same request, by the hash of its input."""
    first = await logged(number)
    return [one for one in await model.history(hash=first["hash"], limit=1000) if one["id"] != number]


async def logged(number: int) -> dict[str, Any]:
    for found in await model.history(id=number):
        return found
    raise HTTPException(404, f"no verdict {number}")


def unix_ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


# --- updates ----------------------------------------------------------------------------------------------------------


@app.put("/hs")
async def update_codes(request: Request, version: str | None = None) -> dict[str, int]:
    """A new nomenclature: what was read from the old one, and every assessment, is removed."""
    await nomenclature(version).load(data=await request.body(), format="hs")
    return {"invalidated": await store.cache.invalidate("hs:*", "assessment:*")}


@app.put("/agreements")
async def update_agreement(request: Request) -> dict[str, int]:
    await model.load(data=await request.body(), format="roo")
    return {"invalidated": await store.cache.invalidate("rule:*", "rules:*", "assessment:*")}


@app.delete("/cache/hs")
async def clear_codes() -> dict[str, int]:
    return {"invalidated": await store.cache.invalidate("hs:*")}


@app.get("/health")
async def health() -> dict[str, Any]:
    found = await store.cache.health()
    return {"status": "ok" if found.ok else "degraded", "checks": found.checks, "ping": await store.client.ping()}


@app.exception_handler(redis.ResponseError)
async def refused(_: Request, error: redis.ResponseError) -> JSONResponse:
    by_class: dict[type[Exception], int] = {NoSubjectError: 404, NoModelError: 404, NotReadyError: 503}
    return JSONResponse({"detail": str(error)}, by_class.get(type(error), 404 if "no job" in str(error) else 422))


@app.exception_handler(Remembered)
async def failed_elsewhere(_: Request, error: Remembered) -> JSONResponse:
    """The value was computed for another caller at the same time, and there is none."""
    return JSONResponse({"detail": str(error)}, 404)
