"""The times of the last requests of this process."""

import time
from collections import deque
from statistics import fmean
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Timed:
    """Counts and times the requests whose path begins with one of the prefixes."""

    def __init__(self, *prefixes: str, kept: int = 10_000) -> None:
        self.prefixes = prefixes
        self.times: deque[float] = deque(maxlen=kept)
        self.started = time.monotonic()
        self.requests = self.failures = 0

    def middleware(self, app: ASGIApp) -> ASGIApp:
        async def timed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith(self.prefixes):
                return await app(scope, receive, send)
            failed = True  # unless a response begins that is not an error of the service

            async def sent(message: Message) -> None:
                nonlocal failed
                if message["type"] == "http.response.start":
                    failed = message["status"] >= 500
                await send(message)

            begin = time.perf_counter()
            try:
                await app(scope, receive, sent)
            finally:
                self.times.append(time.perf_counter() - begin)
                self.requests += 1
                self.failures += failed

        return timed

    def report(self) -> dict[str, Any]:
        times = sorted(self.times) or [0.0]
        ms = {f"p{p}_ms": round(1000 * times[min(len(times) - 1, len(times) * p // 100)], 3) for p in (50, 95, 99)}
        return {
            "requests": self.requests,
            "average_ms": round(1000 * fmean(times), 3),
            **ms,
            "throughput_per_second": round(self.requests / (time.monotonic() - self.started), 2),
            "success_rate_percent": round(100 * (1 - self.failures / max(1, self.requests)), 2),
        }
