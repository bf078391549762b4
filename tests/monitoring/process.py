"""Programs that tests start: in a folder of their own, on free loopback ports, stopped by their id."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from connection import Connection, Failed, Login, Refused, Target

ROOT = Path(__file__).resolve().parent.parent.parent
MODULE = Path(os.environ["ASSESS_MODULE"])
TOOLS = Path(os.environ.get("MONITORING_TOOLS", ""))  # tests of others use the servers of this file only
SECONDS = 120  # the limit of every wait


class Process:
    """A program that runs until `stop`. Its messages are in the file `log` of its folder."""

    def __init__(self, *command: object, **variables: str):
        self.folder = getattr(self, "folder", None) or Path(tempfile.mkdtemp(prefix="assess-monitoring-"))
        self.log = self.folder / "log"
        environment = {name: value for name, value in os.environ.items() if name != "REDISCLI_AUTH"} | variables
        with self.log.open("ab") as log:
            # A shell lets what it starts in the background ignore SIGINT, and so would the program.
            before = signal.signal(signal.SIGINT, signal.SIG_DFL)
            try:
                self.process = subprocess.Popen([*map(str, command)], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            finally:
                signal.signal(signal.SIGINT, before)

    def stop(self) -> int:
        """Ends the program, and returns its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, condition: Callable[[], object], what: str) -> object:
        """As `wait_for`, for the start of the program: it is stopped when that fails."""
        try:
            return self.wait_for(condition, what)
        except BaseException:
            self.stop()
            raise

    def wait_for(self, condition: Callable[[], object], what: str) -> object:
        """What the condition returned when it was true."""
        deadline = time.monotonic() + SECONDS
        while not (found := condition()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{what}: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)
        return found

    def text(self) -> str:
        return self.log.read_text(errors="replace")


class Server(Process):
    """A redis-server, by default with the module."""

    def __init__(self, *options: object, module: bool = True, login: Login = Login(), port: int | None = None):
        self.port = port or free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="assess-monitoring-"))
        self.target, self.login = Target("127.0.0.1", self.port), login
        if module and not MODULE.is_file():
            raise RuntimeError(f"no module at {MODULE}: cargo build --features test-hooks")
        loaded = ["--loadmodule", MODULE] if module else []
        super().__init__("redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--save", "", "--appendonly", "no",
                         *loaded, *options)
        self.begin(self._answers, "redis-server does not answer")

    def call(self, *words: object, login: Login | None = None) -> object:
        """The reply to one command; an error reply is raised."""
        [reply] = self.ask(words, login=login)
        if isinstance(reply, Refused):
            raise AssertionError(f"{words}: {reply}")
        return reply

    def ask(self, *commands: tuple, login: Login | None = None) -> list[object]:
        with Connection(self.target, login or self.login, SECONDS) as connection:
            return connection.ask(*(tuple(map(str, words)) for words in commands))

    def _answers(self) -> bool:
        try:
            return self.ask(("PING",)) == ["PONG"]
        except Failed:
            return False


class Exporter(Process):
    """scripts/exporter on a free port."""

    def __init__(self, *options: object, **variables: str):
        super().__init__(ROOT / "scripts/exporter", "--listen", "127.0.0.1:0", *options, **variables)
        mark = "exporter: serving http://127.0.0.1:"
        line = self.begin(lambda: next((line for line in self.text().splitlines() if line.startswith(mark)), ""), "the exporter does not start")
        self.port = int(str(line).removeprefix(mark).split("/")[0])
        self.address = f"127.0.0.1:{self.port}"

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
        """Status, headers and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read().decode()
        finally:
            connection.close()

    def samples(self, target: object = None) -> dict[str, float]:
        """The samples of one scrape by their name with labels."""
        status, _, text = self.get("/metrics" if target is None else f"/metrics?target={target}")
        if status != 200:
            raise AssertionError(f"{status}: {text}")
        return samples(text)


def samples(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
