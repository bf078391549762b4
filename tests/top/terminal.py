"""A terminal of tmux, on a server of tmux of its own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from process import SECONDS


def missing() -> str:
    """Why the live view cannot be tested; empty when it can."""
    if not shutil.which("tmux"):
        return "no tmux (Debian: tmux)"
    if subprocess.run(["python3", "-c", "import curses"], capture_output=True).returncode:
        return "this Python has no curses"
    return ""


class Terminal:
    """Runs one program in a terminal of this size. It shows `status N` when the program ends."""

    def __init__(self, *command: object, columns: int = 80, rows: int = 24, **variables: str):
        self.folder = Path(tempfile.mkdtemp(prefix="assess-top-"))
        words = " ".join(f"'{word}'" for word in command)
        environment = {name: value for name, value in os.environ.items() if name not in ("REDISCLI_AUTH", "COLUMNS", "LINES", "TMUX")}
        # The last command waits for its input, so that the terminal stays.
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, f"{words}; echo status $?; exec cat",
                   environment={**environment, "LC_ALL": "C.UTF-8", **variables})

    def stop(self) -> None:
        self._tmux("kill-server")
        shutil.rmtree(self.folder, ignore_errors=True)

    def keys(self, *keys: str) -> None:
        """Keys by the names of tmux: `q`, `Tab`, `Right`."""
        self._tmux("send-keys", *keys)

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", columns, "-y", rows)

    def lines(self) -> list[str]:
        return self._tmux("capture-pane", "-p").split("\n")[:-1]

    def shows(self, condition: Callable[[list[str]], object], what: str) -> list[str]:
        """The lines of the screen, as soon as they satisfy the condition."""
        deadline = time.monotonic() + SECONDS
        while not condition(lines := self.lines()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}; the screen:\n" + "\n".join(lines))
            time.sleep(0.05)
        return lines

    def _tmux(self, *words: object, environment: dict[str, str] | None = None) -> str:
        command = ["tmux", "-S", self.folder / "tmux", *words]
        return subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, check=True, timeout=SECONDS).stdout
