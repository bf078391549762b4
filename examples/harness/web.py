"""One instance of an application."""

import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

SECONDS = 180  # on a machine that is busy with other things a start can take a minute


class Web:
    """An instance that listens on a free port; `http` is its client."""

    def __init__(self, command: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self.log = folder / f"web-{self.port}.log"
        # A connection that the client keeps must not be closed just before its next request.
        settings = {
            "UVICORN_PORT": str(self.port),
            "UVICORN_LOG_LEVEL": "warning",
            "UVICORN_TIMEOUT_KEEP_ALIVE": "3600",
        }
        variables = {**environment, **settings}
        with self.log.open("wb") as log:
            words = ["bash", "-c", f"exec {command}"]
            self.process = subprocess.Popen(
                words, cwd=folder, env=variables, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=SECONDS)
        wait_for(self._answers, f"{command} does not answer", self.log)

    def stop(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(SECONDS)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"the application has ended: {self.log.read_text()[-2000:]}")
        try:
            return self.http.get("/openapi.json").is_success
        except httpx.TransportError:
            return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(condition: Callable[[], object], failure: str, log: Path | None = None) -> None:
    """Returns when the condition holds; raises the failure after some minutes."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{failure} {log.read_text()[-2000:] if log and log.exists() else ''}")
        time.sleep(0.02)
