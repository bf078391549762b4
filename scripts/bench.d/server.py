"""A temporary redis-server: on a free loopback port, in a temporary folder, deleted afterwards.

Without the module when none is given.
"""

import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import redis

import machine

START_SECONDS = 30
READY_SECONDS = 900
POLL_SECONDS = 0.05


class Server:
    """A context manager: the server runs inside the `with`."""

    def __init__(self, module: Path | None, data_dir: Path | None = None, replica_of: "Server | None" = None,
                 options: Sequence[str] = ()):
        self.folder = Path(tempfile.mkdtemp(prefix="assess-bench-"))
        self.port = free_port()
        self.bus_port = free_port()
        if "--cluster-enabled" in options:
            options = [*options, "--cluster-port", str(self.bus_port)]
        self.log = self.folder / "redis.log"
        command = [
            "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder),
            "--save", "", "--appendonly", "no", "--logfile", str(self.log),
        ]
        if module:
            command += ["--loadmodule", str(module)]
        if data_dir:
            command += ["--assess.data-dir", str(data_dir)]
        command += options
        if replica_of:
            command += ["--replicaof", "127.0.0.1", str(replica_of.port), "--repl-diskless-sync-delay", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = redis.Redis(port=self.port, decode_responses=True, socket_timeout=READY_SECONDS)

    def __enter__(self) -> "Server":
        try:
            self._await_start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        return self.process.pid

    def call(self, *words: object) -> object:
        """Runs one command."""
        return self.client.execute_command(*words)

    def pin(self, to: set[int]) -> None:
        """Restricts the server to some cores. Worker threads that start later inherit it."""
        machine.pin(self.pid, to)

    def model(self, key: str) -> dict:
        """MODEL.INFO as a dict."""
        reply = self.call("MODEL.INFO", key)
        return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))

    def load(self, key: str, file: str) -> float:
        """Loads a table and waits until it is ready; seconds from file to ready."""
        begin = time.perf_counter()
        self.call("MODEL.LOAD", key, "IO", "FILE", file)
        self.await_ready(key)
        return time.perf_counter() - begin

    def await_ready(self, key: str) -> None:
        """Waits until a model is ready."""
        deadline = time.monotonic() + READY_SECONDS
        # A model answers (`ready`) before all is derived.
        while (info := self.model(key))["state"] != "ready" or info["progress"] != 100:
            if info["state"] == "failed" or time.monotonic() > deadline:
                raise RuntimeError(f"{key} is {info['state']}: {info['warnings']}")
            time.sleep(POLL_SECONDS)

    def timed(self, *command: object) -> tuple[object, float]:
        """The reply of a command, and its seconds for the client: a command that blocks is computed on another thread, which
        `INFO commandstats` does not count."""
        begin = time.perf_counter()
        reply = self.call(*command)
        return reply, time.perf_counter() - begin

    def await_key(self, key: str) -> None:
        """Waits until a key exists: an assessment is stored shortly after its reply."""
        deadline = time.monotonic() + 10
        while not self.call("EXISTS", key):
            if time.monotonic() > deadline:
                raise RuntimeError("an assessment was not stored")
            time.sleep(0.001)

    def set_tier(self, name: str, *policy: object) -> None:
        """Declares a tier and waits until existing keys belong to it."""
        self.call("TIER.SET", name, *policy)
        deadline = time.monotonic() + START_SECONDS
        while self.stats()["indexing"]:
            if time.monotonic() > deadline:
                raise RuntimeError("the index is not ready")
            time.sleep(POLL_SECONDS / 10)

    def stats(self) -> dict:
        """CACHE.STATS as a dict."""
        reply = self.call("CACHE.STATS")
        return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2]))

    def memory(self) -> int:
        """used_memory of the server in bytes, without the memory of clients."""
        info = self.client.info("memory")
        return info["used_memory"] - info["mem_clients_normal"]

    def await_replica(self) -> None:
        """Waits until this server, a replica, is in sync with its master."""
        deadline = time.monotonic() + START_SECONDS
        while self.client.info("replication").get("master_link_status") != "up":
            if time.monotonic() > deadline:
                raise RuntimeError("the replica does not start: " + self.log.read_text()[-2000:])
            time.sleep(POLL_SECONDS)

    def counters(self) -> dict[str, int]:
        """INFO assess, without the prefix."""
        return {name.removeprefix("assess_"): value for name, value in self.client.info("assess").items()}

    def _await_start(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = self.log.read_text() if self.log.exists() else "it wrote no log"
                    raise RuntimeError(f"redis-server did not start: {log[-2000:]}") from None
                time.sleep(POLL_SECONDS)


def free_port() -> int:
    """A port of the loopback address without a listener, which this process was not given before. Below those that Linux
    gives to connections, so that no connection takes it before the server does."""
    for port in _ports:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


_ports = iter(random.sample(range(12_000, 32_000), 20_000))
