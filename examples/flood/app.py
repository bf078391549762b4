"""Flood-risk prediction. Redis computes and caches the predictions, this process the nowcasts and the evacuation plans."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import planning
import redis
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from redis_assess.asyncio import connect
from redis_assess.errors import TooBigError
from timing import Timed

Features = dict[str, float | None]  # the model knows the names: an unknown or missing one is an error that names it
Model = Literal["flood-risk", "anomaly"]
Tier = Literal["flood-risk", "anomaly", "batch", "nowcast", "evacuation"]

store = connect()  # REDIS_URL


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await store.aclose()


app = FastAPI(title="Flood risk", lifespan=lifespan)
timed = Timed("/predict", "/nowcast", "/evacuation")
app.add_middleware(timed.middleware)


class Rows(BaseModel):
    rows: list[Features]


class Evacuation(BaseModel):
    district: str
    people: int


@app.post("/predict")
async def predict(features: Features, model: Model = "flood-risk") -> Any:
    return await store.score(model).get(features)


@app.post("/predict/batch")
async def predict_batch(batch: Rows, cached: bool = True) -> dict[str, Any]:
    """At most assess.max-batch rows. `cached=false` neither reads nor fills the cache: for rows that come once."""
    model = store.score("batch")
    found = await (model.mget(batch.rows) if cached else model.batch(batch.rows))
    return {"predictions": [{"error": str(row)} if isinstance(row, Exception) else row for row in found]}


@app.get("/nowcast/{cell}")
async def nowcast(cell: int) -> dict[str, Any]:
    return await rain_of_the_next_hour(cell)


@store.cached("nowcast")  # time to live and grace are those of the tier
async def rain_of_the_next_hour(cell: int) -> dict[str, Any]:
    return planning.nowcast(cell)


@app.post("/evacuation")
async def evacuation(wanted: Evacuation) -> dict[str, Any]:
    return await evacuation_plan(wanted.district, wanted.people)


@store.cached("evacuation")
async def evacuation_plan(district: str, people: int) -> dict[str, Any]:
    return planning.evacuation(district, people)


@app.delete("/cache/{model}")
async def clear(model: Tier) -> dict[str, int]:
    return {"cleared": await store.cache.invalidate(tiers=[model])}


@app.get("/metrics/performance")
async def performance() -> dict[str, Any]:
    """Times of this process, and the use of the cache by all processes."""
    cache = {}
    for tier in Tier.__args__:  # type: ignore[attr-defined]
        stats = await store.cache.stats(tier)
        cache[tier] = {
            name: stats[name] for name in ("hits", "misses", "hit_rate_percent", "ops_per_second", "entries")
        }
    return {"service": timed.report(), "cache": cache}


@app.exception_handler(redis.ResponseError)
async def refused(_: Request, error: redis.ResponseError) -> JSONResponse:
    """What the server refuses is an error of the request: a feature that is missing, a batch that is too large."""
    return JSONResponse({"detail": str(error)}, status_code=413 if isinstance(error, TooBigError) else 422)


@app.exception_handler(redis.TimeoutError)
@app.exception_handler(redis.ConnectionError)
async def away(_: Request, error: redis.RedisError) -> JSONResponse:
    return JSONResponse({"detail": f"Redis is unreachable: {error}"}, status_code=503)


@app.exception_handler(planning.Unknown)
async def unknown(_: Request, error: planning.Unknown) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=404)
