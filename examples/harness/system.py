"""A system of examples/: its server and its application, started by the commands of its README."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import redis

from harness import readme
from harness.web import SECONDS, Web, free_port, wait_for


class System:
    """The server runs as soon as the object exists, an instance of the application with its first use."""

    def __init__(self, example: Path) -> None:
        self.work = Path(tempfile.mkdtemp(prefix="assess-example-"))
        self.port = free_port()
        self.instances: list[Web] = []
        self.starting = threading.Lock()
        start, *self.requests = readme.blocks(example / "README.md")
        *prepare, self.serve = start
        self.play_preset = next(line for line in prepare if line.startswith("redis-cli <"))
        self.start_server = next(line for line in prepare if line.startswith("redis-server "))
        programs = self.work / "programs"
        readme.write_programs(programs)
        self.environment = dict(os.environ) | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "REAL_PATH": os.environ["PATH"],
            "PROGRAMS": str(programs),
            "PWD": str(self.work),
            "REPOSITORY": str(readme.REPOSITORY),
            "REDIS_PORT": str(self.port),
            # On a busy machine a connection may take longer than the second that applications give it.
            "REDIS_URL": f"redis://localhost:{self.port}?socket_connect_timeout={SECONDS}&socket_timeout={SECONDS}",
        }
        try:
            self._run("\n".join(prepare))
            self.redis = redis.Redis.from_url(self.environment["REDIS_URL"], decode_responses=True)
        except BaseException:
            self.stop()
            raise

    def start(self, **variables: str) -> Web:
        """One more instance of the application."""
        self.instances.append(web := Web(self.serve, self.folder, self.environment | variables))
        return web

    def http(self, number: int = 0) -> httpx.Client:
        """The client of an instance."""
        with self.starting:
            while len(self.instances) <= number:
                self.start()
        return self.instances[number].http

    @property
    def folder(self) -> Path:
        """The copy of the repository."""
        return Path(self.environment["PWD"])

    def call(self, *words: Any) -> Any:
        return self.redis.execute_command(*words)  # type: ignore[no-untyped-call]

    def table(self, *words: Any) -> dict[str, Any]:
        """A reply of names and values."""
        reply = self.call(*words)
        return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))

    def stats(self, tier: str) -> dict[str, Any]:
        return self.table("CACHE.STATS", tier)

    def keys(self, pattern: str) -> list[str]:
        return sorted(map(str, self.redis.keys(pattern)))

    def fresh(self) -> None:
        """Removes all data and statistics, and plays the preset again."""
        self.redis.flushall()
        self._run(self.play_preset)
        for model in self.call("MODEL.LIST"):
            wait_for(lambda: self.table("MODEL.INFO", model)["state"] == "ready", f"{model} is not ready")
        self.call("CACHE.STATS", "RESET")
        # On a busy machine a computation may take longer than the defaults. A tier with times of its own keeps them.
        for setting in ("assess.default-lease-ms", "assess.default-wait-ms"):
            self.redis.config_set(setting, 1000 * SECONDS)

    def restart_server(self) -> None:
        """The server saves its data and ends, and the command of the README starts it again."""
        self._stop_server()
        self._run(self.start_server)
        wait_for(lambda: answers(self.redis), "the server does not start again", self.folder / "redis.log")

    @contextlib.contextmanager
    def replica(self) -> Iterator[tuple[int, redis.Redis]]:
        """Another server with the module that follows this one: its port and a client."""
        port, folder = free_port(), self.work / "replica"
        folder.mkdir()
        settings = {
            "port": port, "dir": folder, "save": "", "loadmodule": os.environ["ASSESS_MODULE"],
            "replicaof": f"localhost {self.port}",
        }  # fmt: skip
        words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        process = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
        try:
            with redis.Redis(port=port, decode_responses=True) as client:
                wait_for(
                    lambda: answers(client) and client.info("replication")["master_link_status"] == "up", "no replica"
                )
                yield port, client
        finally:
            process.terminate()
            process.wait(SECONDS)

    def documented(self) -> list[tuple[str, str]]:
        """The requests that the README shows, and what each prints."""
        address = self.http().base_url
        lines = [line for block in self.requests for line in block]
        return [(line, self._run(line.replace("localhost:8000", f"{address.host}:{address.port}"))) for line in lines]

    def stop(self) -> None:
        for web in self.instances:
            web.stop()
        if (self.folder / "redis.pid").exists():
            self._stop_server()
        shutil.rmtree(self.work, ignore_errors=True)

    def _run(self, lines: str) -> str:
        """Runs lines in a shell, keeps its folder and variables for the next ones, and returns what they print."""
        variables = self.work / "variables"
        script = f"set -e\n{lines}\nenv -0 >{variables}".replace("localhost:6379", f"localhost:{self.port}")
        words = ["timeout", str(SECONDS), "bash", "-c", script]
        done = subprocess.run(
            words,
            cwd=self.environment["PWD"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # Errors of Redis begin with a code, and redis-cli prints them unchanged.
        if done.returncode or re.search(r"^[A-Z]{3,} ", done.stdout, re.MULTILINE):
            raise RuntimeError(f"{lines}\nstatus {done.returncode}: {done.stdout[-2000:]}")
        pairs = (pair.partition("=") for pair in variables.read_text().split("\0") if pair)
        self.environment = {name: value for name, _, value in pairs}
        return done.stdout

    def _stop_server(self) -> None:
        file = self.folder / "redis.pid"
        os.kill(int(file.read_text()), signal.SIGTERM)
        wait_for(lambda: not file.exists() and not is_open(self.port), "the server does not end")


def is_open(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
