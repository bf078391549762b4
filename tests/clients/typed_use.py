"""Types of redis_assess: mypy --strict accepts this file and reports every marked error."""

import redis.asyncio
import redis_assess
import redis_assess.asyncio
from redis_assess import Change, IoAssessment, IoModel, cache_invalidate, cached


@cached("typed:area", ttl=60)
def area(width: int, height: int = 1) -> int:
    return width * height


@cache_invalidate("typed:area:{width}:*")
def forget(width: int) -> str:
    return "forgotten"


class Shop:
    name = "north"

    @cached("typed:price", self_key=lambda shop: shop.name)
    def price(self, item: str) -> float:
        return 1.0

    @redis_assess.asyncio.cached("typed:stock", self_key=lambda shop: shop.name)
    async def stock(self, item: str) -> int:
        return 1


async def use(shop: Shop) -> None:
    size: int = area(2, height=3)
    word: str = forget(2)
    price: float = shop.price("tea")
    stock: int = await shop.stock("tea")
    area("2")  # type: ignore[arg-type]
    area(2, depth=3)  # type: ignore[call-arg]
    wrong: str = area(2)  # type: ignore[assignment]
    shop.price(2)  # type: ignore[arg-type]
    await shop.stock()  # type: ignore[call-arg]
    cached("typed:area", 60)  # type: ignore[call-arg]
    print(size, word, price, stock, wrong)


def length(payload: bytes, update_progress: redis_assess.Run) -> int:
    update_progress(50, "counting")
    update_progress("half")  # type: ignore[arg-type]
    return len(payload)


async def length_async(payload: bytes, update_progress: redis_assess.asyncio.Run) -> int:
    return len(payload + (update_progress.metadata or b""))


def work(client: redis.Redis, client_async: redis.asyncio.Redis) -> None:
    one = redis_assess.Worker(client, "typed", {"length": length}, concurrency=4)
    one.stop_on_signals()
    redis_assess.Worker(redis_assess.connect().client, "typed", {"length": length})
    redis_assess.asyncio.Worker(redis_assess.asyncio.connect().client, "typed", {"length": length_async})
    other = redis_assess.asyncio.Worker(client_async, "typed", {"length": length_async}, lease_ms=1000)
    redis_assess.Worker(client, "typed", {"length": len})  # type: ignore[dict-item]
    redis_assess.Worker(client_async, "typed", {"length": length})  # type: ignore[arg-type]
    redis_assess.asyncio.Worker(client_async, "typed", {"length": length})  # type: ignore[dict-item]
    redis_assess.Worker(client, "typed", {"length": length}, lease=1)  # type: ignore[call-arg]
    print(one, other)


def assessments(assess: redis_assess.Assess, changes: list[Change]) -> float:
    icio: IoModel = assess.io("icio")
    document: IoAssessment = icio.get("USA", "C26", top=3)
    found = icio.mget([("USA", "C26")])
    for one in found:
        if not isinstance(one, redis.ResponseError):
            print(one["total"], one["by_region"][0]["share"])
    found[0]["total"]  # type: ignore[index]
    icio.get("USA")  # type: ignore[call-arg]
    icio.get("USA", "C26", tops=3)  # type: ignore[call-arg]
    icio.load(file="x.csv", format="pmml")  # type: ignore[arg-type]
    icio.labels("features")  # type: ignore[arg-type]
    icio.whatif("USA", "C26", *changes, ("stress", "USA", "*", 1.5))
    icio.whatif("USA", "C26", ("stress", "USA", 1.5))  # type: ignore[arg-type]
    assess.score("flood").get({"rain": 1})["inputs"]["rain"]
    assess.score("flood").rank()  # type: ignore[attr-defined]
    document["totals"]  # type: ignore[typeddict-item]
    value: bytes | None = assess.cache.get("k")
    assess.cache.get(1)  # type: ignore[arg-type]
    print(value, assess.queue("q").submit("send", {"a": 1}).id)
    return document["total"]


@redis_assess.connect().cached("typed:square", ttl=60)
def square(x: int) -> int:
    return x * x


async def assessments_async(assess: redis_assess.asyncio.Assess) -> float:
    icio: redis_assess.asyncio.IoModel = assess.io("icio")
    document: IoAssessment = await icio.get("USA", "C26")
    icio.get("USA", "C26")["total"]  # type: ignore[index]
    await icio.get("USA")  # type: ignore[call-arg]
    wrong: IoModel = icio  # type: ignore[assignment]
    status = await icio.jobs.wait(await icio.warm(), timeout=5)
    print(status["status"], await assess.cache.mget(["a"]), wrong)
    text: str = square(2)  # type: ignore[assignment]
    return document["total"] + len(text)
