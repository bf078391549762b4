"""Types of decorated functions and of workers: mypy --strict accepts this file and reports every marked error."""

import cached_async
import redis.asyncio
import worker
import worker_async
from cached import cache_invalidate, cached


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

    @cached_async.cached("typed:stock", self_key=lambda shop: shop.name)
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


def length(payload: bytes, update_progress: worker.Run) -> int:
    update_progress(50, "counting")
    update_progress("half")  # type: ignore[arg-type]
    return len(payload)


async def length_async(payload: bytes, update_progress: worker_async.Run) -> int:
    return len(payload + (update_progress.metadata or b""))


def work(client: redis.Redis, client_async: redis.asyncio.Redis) -> None:
    one = worker.Worker(client, "typed", {"length": length}, concurrency=4)
    one.stop_on_signals()
    other = worker_async.Worker(client_async, "typed", {"length": length_async}, lease_ms=1000)
    worker.Worker(client, "typed", {"length": len})  # type: ignore[dict-item]
    worker.Worker(client_async, "typed", {"length": length})  # type: ignore[arg-type]
    worker_async.Worker(client_async, "typed", {"length": length})  # type: ignore[dict-item]
    worker.Worker(client, "typed", {"length": length}, lease=1)  # type: ignore[call-arg]
    print(one, other)
