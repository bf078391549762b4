"""One server with the module for all tests, and runs of scripts/report against it."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import redis

ROOT = Path(__file__).resolve().parent.parent.parent
MODULE = Path(os.environ["ASSESS_MODULE"])
REFERENCE = Path(os.environ.get("ASSESS_DATA", ROOT.parent / "shared/data"))
SECONDS = 60

_running: "Server | None" = None


class Server:
    """A server on a free loopback port, in a folder of its own. It protects a user with a password."""

    def __init__(self):
        if not MODULE.is_file():
            raise RuntimeError(f"no module at {MODULE}: cargo build --features test-hooks")
        self.folder = Path(tempfile.mkdtemp(prefix="assess-report-"))
        self.port = free_port()
        command = ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
                   "--appendonly", "no", "--logfile", self.folder / "log", "--unixsocket", self.folder / "socket", "--loadmodule", MODULE]
        self.process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL)
        self.client = redis.Redis(port=self.port, decode_responses=True, socket_timeout=SECONDS)
        self._await(self._answers, "the server does not start")

    def call(self, *words: object) -> object:
        return self.client.execute_command(*words)

    def document(self, *words: object) -> dict:
        return json.loads(self.call(*words))

    def table(self, key: str, content: str | bytes, indicators: dict[str, tuple]) -> None:
        """A table of this text, with indicators: the words after MODEL.INDICATOR key name DATA."""
        self.call("MODEL.SET", key, "IO", content)
        for name, words in indicators.items():
            self.call("MODEL.INDICATOR", key, name, "DATA", *words)
        self._await(lambda: self.info(key)["state"] == "ready", f"{key} is not ready")

    def info(self, key: str) -> dict:
        reply = self.call("MODEL.INFO", key)
        return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))

    def report(self, *words: str, port: int | None = None, **variables: str) -> subprocess.CompletedProcess:
        """One run of scripts/report, in the folder of the server."""
        command = [ROOT / "scripts/report", *words, "--port", str(port or self.port)]
        return self.run(command, variables)

    def run(self, command: list, variables: dict[str, str], prepare: Callable[[], None] | None = None) -> subprocess.CompletedProcess:
        """Runs a program; `prepare` runs in its process first."""
        environment = {name: value for name, value in os.environ.items() if name != "REDISCLI_AUTH"} | variables
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=SECONDS,
                              preexec_fn=prepare)

    def page(self, *words: str) -> str:
        """The text of a page, from standard output."""
        done = self.report(*words, "-o", "-")
        if done.returncode or done.stderr:
            raise AssertionError(f"scripts/report {words}: status {done.returncode}, {done.stderr}")
        return done.stdout

    def stop(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait(SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            return self.client.ping()
        except redis.ConnectionError:
            if self.process.poll() is not None:
                raise RuntimeError(f"redis-server ended: {(self.folder / 'log').read_text()[-2000:]}") from None
            return False

    @staticmethod
    def _await(condition, failure: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(failure)
            time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def shared() -> Server:
    global _running
    _running = _running or Server()
    return _running


def stop() -> None:
    if _running:
        _running.stop()
