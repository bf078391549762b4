"""Health recommendations. What is expensive is computed once and cached; what changes it invalidates it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import redis
import redis_assess
import redis_assess.asyncio
from fastapi import Body, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

TIERS = ("recommendations", "analytics", "predictions", "profiles", "trending", "sessions")
SERVER = (
    "connected",
    "used_memory_mb",
    "used_memory_peak_mb",
    "evicted_keys",
    "expired_keys",
    "total_commands_processed",
)

store = redis_assess.asyncio.connect()  # REDIS_URL; the database of this example is in the same Redis
threads = redis_assess.connect()  # the same for functions that are no coroutines


class Profile(BaseModel):
    age: int = Field(ge=0)
    steps: int = Field(ge=0)
    sleep_hours: float = Field(ge=0)


class Feedback(BaseModel):
    user: str
    item: str
    stars: int = Field(ge=1, le=5)


# --- what is cached: the prefix is that of a tier, which has the time to live -----------------------------------------


@threads.cached("profile")
def profile(user: str) -> dict[str, Any]:
    found: Any = threads.client.hget("database:profiles", user)
    return json.loads(found) if found else Profile(age=40, steps=4000, sleep_hours=7).model_dump()


@threads.cached("predictions")
def prediction(user: str) -> dict[str, float]:
    """The risk of burn-out: a made-up formula."""
    data = profile(user)
    return {
        "risk": round(min(1.0, max(0.0, 0.2 + 0.1 * (7 - data["sleep_hours"]) + (5000 - data["steps"]) / 50_000)), 3)
    }


@store.cached("recommendations")
async def recommendations(user: str, top: int = 3) -> list[str]:
    data, popular = await asyncio.gather(asyncio.to_thread(profile, user), trending())
    own = ["an earlier evening"] * (data["sleep_hours"] < 7) + ["a walk after lunch"] * (data["steps"] < 8000)
    return [*own, *popular][:top]


@store.cached("trending")
async def trending() -> list[str]:
    stars = await feedback_by_item()
    return sorted(stars, key=lambda item: (-stars[item], item)) or ["a glass of water"]


@store.cached("analytics")
async def analytics() -> dict[str, Any]:
    stars = await feedback_by_item()
    return {"items": len(stars), "stars": sum(stars.values())}


async def feedback_by_item() -> dict[str, int]:
    found: Any = await store.client.hgetall("database:feedback")
    return {item: int(stars) for item, stars in found.items()}


# --- what changes it --------------------------------------------------------------------------------------------------


@threads.cache_invalidate("profile:{user}:*", "predictions:{user}:*", "recommendations:{user}:*")
def save_profile(user: str, changed: Profile) -> None:
    threads.client.hset("database:profiles", user, changed.model_dump_json())


@store.cache_invalidate("analytics:*", "trending:*", "recommendations:{user}:*")
async def save_feedback(user: str, item: str, stars: int) -> None:
    await store.client.hincrby("database:feedback", item, stars)


# --- the service ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    await asyncio.gather(trending(), analytics())  # the first visitors find them
    yield
    await store.aclose()
    threads.close()


app = FastAPI(title="Health recommendations", lifespan=lifespan)
app.get("/recommendations/{user}")(recommendations)
app.get("/trending")(trending)
app.get("/analytics")(analytics)
app.get("/predictions/{user}")(prediction)
app.get("/profile/{user}")(profile)


@app.put("/profile/{user}", status_code=204)
def put_profile(user: str, changed: Profile) -> None:
    save_profile(user, changed)


@app.post("/feedback", status_code=204)
async def feedback(given: Feedback) -> None:
    await save_feedback(given.user, given.item, given.stars)


@app.put("/session/{user}/{name}", status_code=204)
async def remember(user: str, name: str, value: Annotated[Any, Body()]) -> None:
    """Something that the service knows until the user logs out."""
    await store.cache.set(f"user:{user}:{name}", json.dumps(value))


@app.post("/logout/{user}")
async def logout(user: str) -> dict[str, int]:
    return {"cleared": await store.cache.invalidate(namespaces=[f"user:{user}"])}


@app.get("/health")
async def health() -> JSONResponse:
    found = await store.cache.health()
    return JSONResponse({"status": "ok" if found.ok else "degraded", "checks": found.checks}, 200 if found.ok else 503)


@app.get("/statistics")
async def statistics() -> dict[str, Any]:
    total = await store.cache.stats()
    tiers = {tier: await store.cache.stats(tier) for tier in TIERS}
    return {**{name: total[name] for name in SERVER}, "tiers": tiers}


@app.get("/offline/{user}")
async def offline(user: str) -> StreamingResponse:
    """What a phone keeps for later: the entries of a user as JSON lines, with the rest of their time to live."""

    async def lines() -> AsyncIterator[str]:
        for tier in ("recommendations", "predictions", "profile"):
            async for entry in exported(f"{tier}:{user}:*"):
                yield json.dumps(entry) + "\n"

    return StreamingResponse(lines(), media_type="application/jsonl")


async def exported(pattern: str) -> AsyncIterator[dict[str, Any]]:
    page = await store.cache.export(pattern)
    while True:
        for entry in page.entries:
            yield entry
        if page.cursor is None:
            return
        page = await store.cache.export(pattern, cursor=page.cursor)


@app.exception_handler(redis.RedisError)
async def failed(_: Request, error: redis.RedisError) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=503)
