"""Content recommendation: six kinds of cached values, each request computed once, and what a saved page invalidates."""

import asyncio
import hashlib
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import engine
import redis
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from redis_assess.asyncio import Remembered, connect

KINDS = ("embeddings", "scraped", "bookmarks", "recommendations", "analysis", "queries")  # the tiers of the preset
PAGES, SAVED = "database:pages", "database:saved"  # the database of this example is in the same Redis

# The last times of this worker, in seconds.
times: dict[str, deque[float]] = {kind: deque(maxlen=10_000) for kind in KINDS}

store = connect(socket_timeout=15)  # REDIS_URL; a reply may take the 5 s for which a request waits for another one


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    await preload()
    yield
    await store.aclose()


app = FastAPI(title="Recommendations", lifespan=lifespan)


class Page(BaseModel):
    user: str
    url: str


class Wanted(BaseModel):
    """What a user is interested in now; by default what the bookmarks are about."""

    text: str = ""
    top: Annotated[int, Field(ge=1, le=50)] = 5


# --- what is cached ---------------------------------------------------------------------------------------------------


def digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


async def cached(kind: str, key: str, compute: Callable[[], Awaitable[Any]]) -> Any:
    """The value at a key of the system; all workers share one computation."""

    async def text() -> str:
        return json.dumps(await compute())

    begin = time.perf_counter()
    try:
        return json.loads(await store.cache.get_or_compute(key, text))
    finally:
        times[kind].append(time.perf_counter() - begin)


async def embedding(text: str) -> Any:
    return await cached("embeddings", f"fuze:embedding:{digest(text)}", lambda: asyncio.to_thread(engine.embed, text))


async def scraped(url: str) -> Any:
    return await cached("scraped", f"fuze:scraped:{digest(url)}", lambda: engine.scrape(url))


async def analysis(page: str) -> Any:
    """`page` is the id of saved content."""

    async def compute() -> Any:
        return engine.analyse((await scraped(await url_of(page)))["text"])

    return await cached("analysis", f"fuze:content_analysis:{page}", compute)


async def bookmarks(user: str) -> Any:
    async def compute() -> Any:
        found: Any = await store.client.smembers(f"{SAVED}:{user}")
        return sorted(found)

    return await cached("bookmarks", f"fuze:user_bookmarks:{user}", compute)


async def recommended(user: str, wanted: Wanted) -> Any:
    async def compute() -> Any:
        own = await bookmarks(user)
        text = wanted.text or " ".join((await asyncio.gather(*(title(page) for page in own))) or ["news"])
        target = await embedding(text)
        others = [page for page in await all_pages() if page not in own]
        vectors = await asyncio.gather(*(page_vector(page) for page in others))
        ranked = sorted(zip(others, vectors), key=lambda one: -engine.similarity(target, one[1]))[: wanted.top]
        return [
            {"page": page, "url": await url_of(page), "score": round(engine.similarity(target, vector), 4)}
            for page, vector in ranked
        ]

    return await cached("recommendations", f"fuze:recommendations:{user}:{digest(wanted.text, wanted.top)}", compute)


async def title(page: str) -> str:
    return str((await analysis(page))["title"])


async def page_vector(page: str) -> Any:
    return await embedding((await scraped(await url_of(page)))["text"])


async def all_pages() -> list[str]:
    found: Any = await store.client.hkeys(PAGES)
    return sorted(found)


async def url_of(page: str) -> str:
    url = await store.client.hget(PAGES, page)
    if url is None:
        raise HTTPException(404, f"no page {page}")
    return str(url)


# --- the service ------------------------------------------------------------------------------------------------------


@app.post("/recommendations/{user}")
async def recommendations(user: str, wanted: Wanted) -> Any:
    return await recommended(user, wanted)


@app.get("/bookmarks/{user}")
async def user_bookmarks(user: str) -> Any:
    return await bookmarks(user)


@app.get("/content/{page}/analysis")
async def content_analysis(page: str) -> Any:
    return await analysis(page)


@app.get("/search")
async def search(q: str, limit: Annotated[int, Query(ge=1, le=50)] = 10) -> Any:
    async def compute() -> Any:
        pages = await all_pages()
        texts = await asyncio.gather(*(analysis(page) for page in pages))
        return [page for page, found in zip(pages, texts) if q.lower() in found["words"]][:limit]

    return await cached("queries", f"fuze:query:{digest(q, limit)}", compute)


@app.post("/content", status_code=201)
async def save(page: Page) -> dict[str, Any]:
    """Saves a page for a user. What was computed without it is removed, and not stored if it is being computed now."""
    number = digest(page.url)
    async with store.client.pipeline() as change:
        change.hset(PAGES, number, page.url)
        change.sadd(f"{SAVED}:{page.user}", number)
        await change.execute()
    removed = await store.cache.invalidate(
        keys=[
            f"fuze:scraped:{digest(page.url)}",
            f"fuze:content_analysis:{number}",
            f"fuze:user_bookmarks:{page.user}",
        ],
        namespaces=[f"fuze:recommendations:{page.user}"],
    )
    return {"page": number, "invalidated": removed}


@app.post("/login/{user}")
async def login(user: str) -> dict[str, Any]:
    """The data of the user are warm before the first page asks for them."""
    pages, _ = await asyncio.gather(bookmarks(user), recommended(user, Wanted()))
    return {"user": user, "bookmarks": len(pages)}


@app.post("/preload")
async def preload(top: Annotated[int, Query(ge=1, le=256)] = 20) -> dict[str, int]:
    """Popular content: the analyses that were requested most often, also those that have expired since."""
    hot = [key.removeprefix("fuze:content_analysis:") for key, _ in await store.cache.hot("analysis", top)]
    found = await asyncio.gather(*(analysis(page) for page in hot), return_exceptions=True)
    return {"preloaded": sum(not isinstance(one, Exception) for one in found)}


@app.get("/metrics")
async def metrics() -> dict[str, Any]:
    """By kind: percentiles of this worker in milliseconds, rates and throughput of all workers."""
    report = {}
    for kind in KINDS:
        stats = await store.cache.stats(kind)
        last = sorted(times[kind]) or [0.0]
        report[kind] = {
            **{f"p{p}_ms": round(1000 * last[min(len(last) - 1, len(last) * p // 100)], 3) for p in (50, 95, 99)},
            "hit_rate_percent": stats["hit_rate_percent"],
            "error_rate_percent": round(100 * stats["errors"] / max(1, stats["total_requests"]), 2),
            "requests_per_second": stats["ops_per_second"],
            "computations_saved": stats["computations_saved"],
        }
    return report


@app.exception_handler(redis.RedisError)
async def failed(_: Request, error: redis.RedisError) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 503)


@app.exception_handler(engine.Unreachable)
@app.exception_handler(Remembered)
async def not_scraped(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 502)
