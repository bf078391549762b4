"""A temporary PostgreSQL with pg_trgm: on a free loopback port, in a temporary folder, stopped and deleted afterwards.

Installed with apt-get when it is missing. PostgreSQL refuses to run as root: root runs it as the user postgres, which the
package creates; other users run it as themselves.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from server import free_port

PACKAGE = "postgresql"  # contains pg_trgm
OWNER = "postgres"
START_SECONDS = 30
# During a measurement nothing is written to disk, and all data fit into the buffers.
SETTINGS = ["fsync=off", "shared_buffers=128MB", "autovacuum=off", "jit=off", "max_parallel_workers_per_gather=0"]


class Unavailable(Exception):
    """Why PostgreSQL cannot be measured."""


class Postgres:
    """A context manager: the server runs inside the `with`; `connection` is a client."""

    def __init__(self) -> None:
        if not importlib.util.find_spec("psycopg"):
            raise Unavailable("psycopg is not installed")
        self.programs = _programs() or _install()
        self.folder = Path(tempfile.mkdtemp(prefix="assess-bench-pg-"))
        self.user = {"user": OWNER, "group": OWNER, "extra_groups": []} if os.geteuid() == 0 else {}
        if self.user:
            shutil.chown(self.folder, OWNER, OWNER)
        self.process = None

    def __enter__(self) -> "Postgres":
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.process:
            self.process.send_signal(signal.SIGINT)  # "fast shutdown"
            try:
                self.process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        return self.process.pid

    def _start(self) -> None:
        import psycopg

        data, log, port = self.folder / "data", self.folder / "log", free_port()
        initialise = [
            self.programs / "initdb",
            "-D",
            data,
            "-U",
            OWNER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale",
            "C.UTF-8",
        ]
        done = subprocess.run(initialise, cwd=self.folder, capture_output=True, text=True, **self.user)
        if done.returncode:
            raise Unavailable(f"initdb failed: {done.stderr.strip()[-200:]}")
        settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}", *SETTINGS]
        options = [word for setting in settings for word in ("-c", setting)]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", data, *options],
                cwd=self.folder,
                stdout=output,
                stderr=output,
                **self.user,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connection = psycopg.connect(
                    host="127.0.0.1", port=port, user=OWNER, dbname="postgres", autocommit=True, prepare_threshold=0
                )
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise Unavailable(f"PostgreSQL does not start: {log.read_text()[-200:]}") from None
                time.sleep(0.05)


def _programs() -> Path | None:
    """The folder of the newest server's programs that has the extension pg_trgm."""
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    with_trgm = [
        path
        for path in versions
        if Path(f"/usr/share/postgresql/{path.parent.name}/extension/pg_trgm.control").exists()
    ]
    return max(with_trgm, key=lambda path: int(path.parent.name), default=None)


def _install() -> Path:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Unavailable(f"{PACKAGE} is not installed, and only root can install it with apt-get")
    before = _clusters()
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", PACKAGE]):
        done = subprocess.run(["apt-get", *words], env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode or not (programs := _programs()):
        raise Unavailable(f"apt-get could not install {PACKAGE}")
    # The package creates a cluster and starts it; a measurement does not need it.
    for version, name in _clusters() - before:
        subprocess.run(["pg_ctlcluster", version, name, "stop"], capture_output=True)
    return programs


def _clusters() -> set[tuple[str, str]]:
    """Version and name of each cluster of the system."""
    if not shutil.which("pg_lsclusters"):
        return set()
    listed = subprocess.run(["pg_lsclusters", "-h"], capture_output=True, text=True).stdout
    return {tuple(line.split()[:2]) for line in listed.splitlines() if line.strip()}
