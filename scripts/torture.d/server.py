"""A redis-server with the module, on a free loopback port, in a folder of its own, which survives kills and restarts."""

import signal
import socket
import subprocess
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

import waiting

STOP_SECONDS = 1200 if waiting.SLOW else 120
REPLY_SECONDS = waiting.SECONDS
AGAIN_SECONDS = 2
STARTS = 5

# What a server or the module writes to its log when it crashes.
CRASHES = ("REDIS BUG REPORT", "VALKEY BUG REPORT", "panicked at", "crashed by signal", "ASSERTION FAILED", "Guru Meditation")


class NotStarted(Exception):
    """The server ended before it answered: the end of its log."""


class Server:
    """Runs after `start`. `options` are those of redis-server: ("--appendonly", "yes")."""

    def __init__(self, program: str, module: Path | None, folder: Path, options: tuple = (), port: int | None = None,
                 prefix: tuple = (), arguments: tuple = ()):
        self.program, self.module, self.folder, self.options, self.prefix = program, module, folder, options, prefix
        self.arguments = arguments
        self.port = port or free_port()
        self.chosen = port is not None
        self.log = folder / "redis.log"
        self.process: subprocess.Popen | None = None
        self.admin: redis.Redis | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        words = [*self.prefix, self.program, "--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--logfile", self.log,
                 "--save", "", "--appendonly", "no", "--enable-debug-command", "yes"]
        if self.module:
            words += ["--loadmodule", self.module, *self.arguments]
        return [*map(str, words), *map(str, self.options)]

    def launch(self) -> "Server":
        """Starts the process and does not wait. In a session of its own: Ctrl-C of the terminal does not reach it."""
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        return self

    def start(self, seconds: float = waiting.SECONDS) -> "Server":
        """Starts, and waits until it answers: data are loaded. Raises NotStarted when the process ends instead."""
        for attempt in range(STARTS):
            before = len(self.log_text())
            self.launch()
            try:
                waiting.until(self._answers, f"no answer of the server in {self.folder}", seconds)
                return self
            except NotStarted:
                # Another process took the port between our choice and the start.
                if "Address already in use" not in self.log_text()[before:] or self.chosen or attempt + 1 == STARTS:
                    raise
                self._close()
                self.port = free_port()
        raise AssertionError

    def _answers(self) -> bool:
        if not self.alive():
            raise NotStarted(f"ended with {self.process.returncode}: {self.log_text()[-3000:]}")
        try:
            return bool(self.call("PING"))
        except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError):  # LOADING, or not yet listening
            return False

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def client(self, **options) -> redis.Redis:
        """A new client, with one connection of its own, that never repeats a command by itself. Replies are text."""
        defaults = {"port": self.port, "decode_responses": True, "encoding_errors": "surrogateescape", "protocol": 3,
                    "socket_timeout": REPLY_SECONDS, "socket_connect_timeout": REPLY_SECONDS,
                    "retry": Retry(NoBackoff(), 0), "single_connection_client": False}
        return redis.Redis(**{**defaults, **options})

    def call(self, *words: object) -> object:
        """Runs one command on the server's own client. Not from several threads at the same time."""
        if self.admin is None:
            self.admin = self.client()
        return self.admin.execute_command(*words)

    def socket(self, seconds: float = REPLY_SECONDS) -> socket.socket:
        """A plain connection, for bytes that no client sends."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def kill(self) -> None:
        """kill -9: what a power failure leaves of the process, not of the disk."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: the server saves when it is configured to. SIGKILL when it does not end."""
        self._end(signal.SIGTERM)

    def restart(self, *options: object, seconds: float = waiting.SECONDS) -> "Server":
        """Starts again in the same folder, on the same port; with other options when some are given."""
        if options:
            self.options = options
        return self.start(seconds)

    def _end(self, how: int) -> None:
        if not self.alive():
            self._close()
            return
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            # Again, because a server that writes its first append-only file does not end, and forgets the signal.
            self.process.send_signal(how)
            try:
                self.process.wait(AGAIN_SECONDS)
                break
            except subprocess.TimeoutExpired:
                pass
        else:
            self.process.kill()
            self.process.wait()
        self._close()

    def _close(self) -> None:
        # Clients of other threads see the end of their connections by themselves.
        if self.admin is not None:
            self.admin.close()
        self.admin = None

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def crash(self) -> str | None:
        """What the log has of a crash."""
        text = self.log_text()
        found = [at for sign in CRASHES if (at := text.find(sign)) >= 0]
        return text[max(0, min(found) - 1500):min(found) + 4000] if found else None


def free_port() -> int:
    """A port that no process listens on. Not above 55535: the bus of a cluster uses the port + 10,000."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port <= 55535:
            return port
