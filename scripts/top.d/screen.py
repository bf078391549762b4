"""The view in the terminal. A thread reads the server, so that a slow server does not delay the keys."""

import contextlib
import curses
import os
import select
import signal
import sys
import threading

import frame
from connection import Failed
from panels import PANELS
from server import Server, Snapshot

INTERVAL = 1.0


class Reader(threading.Thread):
    """Reads a frame every second, and writes one byte to a pipe when there is a new one."""

    def __init__(self, server: Server, first: Snapshot, wake: int):
        super().__init__(daemon=True)
        self.server, self.snapshot, self.wake = server, first, wake
        self.failure = ""
        self.now = threading.Event()

    def run(self) -> None:
        while True:
            self.now.wait(INTERVAL)
            self.now.clear()
            try:
                self.snapshot, self.failure = self.server.read(), ""
            except Failed as error:
                self.failure = str(error)
            with contextlib.suppress(OSError):
                os.write(self.wake, b".")

    def choose(self, tier: str | None) -> None:
        self.server.hot_tier = tier
        self.now.set()


class Screen:
    def __init__(self, server: Server, first: Snapshot):
        self.view = frame.View()
        self.pipe, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(self.pipe, False)
        self.wake = wake
        self.reader = Reader(server, first, wake)

    def run(self) -> None:
        # Esc alone shall not wait for the rest of a sequence.
        os.environ.setdefault("ESCDELAY", "25")
        curses.wrapper(self._loop)

    def _loop(self, window: "curses.window") -> None:
        with contextlib.suppress(curses.error):
            curses.curs_set(0)
        self.styles = _styles()
        # curses would learn of a new size only with the next key: the signal writes to the pipe instead.
        signal.signal(signal.SIGWINCH, lambda *_: None)
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)
        window.nodelay(True)
        self.reader.start()
        while True:
            self._draw(window)
            select.select([sys.stdin, self.pipe], [], [])
            with contextlib.suppress(BlockingIOError):
                os.read(self.pipe, 4096)
            while (key := window.getch()) != -1:
                if not self._key(key, window):
                    return

    def _draw(self, window: "curses.window") -> None:
        with contextlib.suppress(OSError):
            columns, rows = os.get_terminal_size()
            if (rows, columns) != window.getmaxyx():
                curses.resizeterm(rows, columns)
                window.clear()
        height, width = window.getmaxyx()
        window.erase()
        lines = frame.frame(self.reader.snapshot, self.view, width, height, self.reader.failure)
        for at, line in enumerate(lines):
            # Writing the last cell of the screen moves the cursor out of it, which is an error of curses.
            with contextlib.suppress(curses.error):
                window.addstr(at, 0, line.text, self.styles[line.style])
        window.refresh()

    def _key(self, key: int, window: "curses.window") -> bool:
        """Obeys a key. False ends the program."""
        height, width = window.getmaxyx()
        view, snapshot = self.view, self.reader.snapshot
        if key in (ord("q"), ord("Q"), 3):
            return False
        if key == ord("\t"):
            view.focus = (view.focus + 1) % len(PANELS)
        elif key == curses.KEY_BTAB:
            view.focus = (view.focus - 1) % len(PANELS)
        elif ord("1") <= key < ord("1") + len(PANELS):
            view.focus = key - ord("1")
        elif key in (curses.KEY_LEFT, curses.KEY_RIGHT):
            frame.sort(view, 1 if key == curses.KEY_RIGHT else -1, width)
        elif key == ord("r"):
            view.places[view.focus].reverse ^= True
        elif key in STEPS:
            frame.move(view, snapshot, STEPS[key])
        elif key in (curses.KEY_PPAGE, curses.KEY_NPAGE):
            frame.move(view, snapshot, (height // 2) * (1 if key == curses.KEY_NPAGE else -1))
        elif key in (ord("\n"), ord("\r"), curses.KEY_ENTER):
            frame.choose_tier(view, snapshot)
            self.reader.choose(view.hot_tier)
        return True


STEPS = {curses.KEY_UP: -1, curses.KEY_DOWN: 1, curses.KEY_HOME: -1 << 30, curses.KEY_END: 1 << 30, ord("k"): -1, ord("j"): 1}


def _styles() -> dict[str, int]:
    bad, head = curses.A_BOLD, curses.A_BOLD
    if curses.has_colors():
        curses.use_default_colors()
        curses.init_pair(1, curses.COLOR_RED, -1)
        curses.init_pair(2, curses.COLOR_CYAN, -1)
        bad, head = bad | curses.color_pair(1), head | curses.color_pair(2)
    return {frame.PLAIN: curses.A_NORMAL, frame.HEAD: head, frame.FOCUS: curses.A_REVERSE | curses.A_BOLD,
            frame.SELECTED: curses.A_REVERSE, frame.BAD: bad, frame.FOOT: curses.A_DIM}
