"""Node programs of the folder node/, and the packages that they need: installed into the target folder by npm, on demand."""

import json
import shutil
import subprocess
from pathlib import Path

import build

SOURCES = Path(__file__).resolve().parent / "node"
FOLDER = build.TARGET / "bench" / "node"
WANTED = "package.json"
INSTALL = ["install", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
           "--fetch-retries=1"]
INSTALL_SECONDS = 300


class Unavailable(Exception):
    """Why the Node programs cannot run."""


class Program:
    """A context manager: the program runs inside the `with`."""

    def __init__(self, name: str, *words: object):
        self.name = name
        command = ["node", FOLDER / name, *map(str, words)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, run: str, **settings: object) -> dict:
        """Sends one request, waits for its answer."""
        self.process.stdin.write(json.dumps({"run": run} | settings) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} ended during {run} {settings}")
        return json.loads(answer)


def install() -> None:
    """Installs the packages if they are absent or other versions, and copies the programs beside them."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Unavailable(f"{program} is not installed (Debian: nodejs, npm)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted, installed = (SOURCES / WANTED).read_text(), FOLDER / "installed"
    if not installed.exists() or installed.read_text() != wanted:
        installed.unlink(missing_ok=True)
        (FOLDER / WANTED).write_text(wanted)
        _run_npm()
        installed.write_text(wanted)
    for source in SOURCES.glob("*.mjs"):
        shutil.copy(source, FOLDER)


def _run_npm() -> None:
    try:
        done = subprocess.run(["npm", *INSTALL], cwd=FOLDER, timeout=INSTALL_SECONDS, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm did not install the packages within {INSTALL_SECONDS} s") from None
    if done.returncode:
        reason = next(iter(done.stderr.splitlines()), "no message")
        raise Unavailable(f"npm could not install the packages ({reason})")


def version(package: str) -> str:
    """The installed version of a package."""
    return json.loads((FOLDER / "node_modules" / package / WANTED).read_text())["version"]
