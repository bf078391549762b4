"""Supply-chain risk on two families of input-output tables, OECD ICIO and EXIOBASE. Redis holds the tables and computes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import redis
from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from redis_assess.asyncio import connect
from redis_assess.errors import NoIndicatorError, NoSubjectError, NotReadyError, TooBigError

Model = Literal["icio", "exiobase"]
TIER = "assessments"
STATISTICS = (
    "hits", "misses", "total_requests", "hit_rate_percent", "cache_size", "max_cache_size", "ttl_seconds",
    "evictions", "expiries", "compression_ratio",
)  # fmt: skip
BATCH = 100  # assess.max-batch of the server

store = connect()  # REDIS_URL


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await store.aclose()


app = FastAPI(title="Supply-chain risk", lifespan=lifespan)


class Wanted(BaseModel):
    """Country-sector pairs to assess."""

    model: Model
    pairs: list[tuple[str, str]]
    indicator: str | None = None
    layers: Annotated[int, Field(ge=0, le=32)] = 5


class Coefficients(BaseModel):
    """Each is from_country, from_sector, to_country, to_sector."""

    model: Model
    of: list[tuple[str, str, str, str]] = Field(max_length=100_000)


class Warm(BaseModel):
    """The pairs, or the `hot` subjects that were requested most often, or all."""

    model: Model
    pairs: list[tuple[str, str]] | None = None
    hot: int | None = None


@app.get("/assessment")
async def assessment(
    model: Model,
    country: str,
    sector: str,
    indicator: str | None = None,
    layers: Annotated[int, Query(ge=0, le=32)] = 5,
    ttl: Annotated[int | None, Query(ge=1)] = None,
) -> Any:
    return await store.io(model).get(country, sector, indicator=indicator, layers=layers, ttl=ttl)


@app.post("/assessments")
async def assessments(wanted: Wanted) -> dict[str, Any]:
    found = await store.io(wanted.model).mget(wanted.pairs, indicator=wanted.indicator, layers=wanted.layers)
    return {"assessments": [{"error": str(one)} if isinstance(one, Exception) else one for one in found]}


@app.post("/coefficients")
async def coefficients(wanted: Coefficients) -> dict[str, list[float | None]]:
    """Null for labels that the table does not have."""
    model, found = store.io(wanted.model), list[float | None]()
    for begin in range(0, len(wanted.of), BATCH):
        found += await model.mcoef(wanted.of[begin : begin + BATCH])
    return {"coefficients": found}


@app.get("/ranking")
async def ranking(model: Model, indicator: str | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 10) -> Any:
    return await store.io(model).rank(indicator=indicator, limit=limit)


@app.post("/warm-up", status_code=202)
async def warm(wanted: Warm) -> dict[str, str]:
    return {"job": await store.io(wanted.model).warm(wanted.pairs, hot=wanted.hot)}


@app.get("/warm-up/{model}/{job}")
async def warmed(model: Model, job: str) -> dict[str, Any]:
    status = await store.io(model).jobs.status(job)
    return {name: status[name] for name in ("status", "progress", "progress_message", "error")}


@app.get("/cache/stats")
async def statistics() -> dict[str, Any]:
    stats = await store.cache.stats(TIER)
    return {name: stats[name] for name in STATISTICS}


@app.delete("/cache")
async def clear() -> dict[str, int]:
    return {"cleared": await store.cache.invalidate(tiers=[TIER])}


@app.exception_handler(redis.ResponseError)
async def refused(_: Request, error: redis.ResponseError) -> JSONResponse:
    by_class: dict[type[Exception], int] = {
        NoSubjectError: 404,
        NoIndicatorError: 404,
        TooBigError: 413,
        NotReadyError: 503,
    }
    return JSONResponse({"detail": str(error)}, by_class.get(type(error), 422))


@app.exception_handler(redis.TimeoutError)
@app.exception_handler(redis.ConnectionError)
async def away(_: Request, error: redis.RedisError) -> JSONResponse:
    return JSONResponse({"detail": f"Redis is unreachable: {error}"}, 503)
