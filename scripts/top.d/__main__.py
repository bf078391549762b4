"""Reads the options, then shows one frame or the screen. See scripts/top --help."""

import argparse
import contextlib
import locale
import os
import shutil
import ssl
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The connection is that of the exporter: RESP within a deadline, TLS, and failures as one line.
sys.path[:0] = [str(HERE), str(HERE.parent / "exporter.d")]

import frame  # noqa: E402, needs the path
from connection import Failed, Login, Target  # noqa: E402, the same
from server import Server, Snapshot  # noqa: E402, the same

SECONDS = 5.0
PIPE_WIDTH = 120


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        self.exit(2, f"top: error: {message}, see scripts/top --help\n")


def arguments() -> argparse.Namespace:
    parser = Parser(prog="scripts/top", add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--host", default="127.0.0.1")
    parser.add_argument("-p", "--port", type=int, default=6379)
    parser.add_argument("-s", "--socket")
    parser.add_argument("-a", "--pass", dest="password", default=os.environ.get("REDISCLI_AUTH"))
    parser.add_argument("--user")
    parser.add_argument("-n", "--db", type=int, default=0)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--insecure", action="store_true")
    for name in ("--cacert", "--cacertdir", "--cert", "--key", "--sni"):
        parser.add_argument(name)
    parser.add_argument("--queue", action="append", default=[])
    parser.add_argument("--once", action="store_true")
    given = parser.parse_args()
    if not 1 <= given.port <= 65_535:
        parser.error("the port is a number from 1 to 65535")
    if given.db < 0:
        parser.error("the database is a number from 0")
    return given


def server_of(given: argparse.Namespace) -> Server:
    tls = None
    if given.tls:
        try:
            tls = ssl.create_default_context(cafile=given.cacert, capath=given.cacertdir)
            if given.insecure:
                tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
            if given.cert:
                tls.load_cert_chain(given.cert, given.key)
        except (OSError, ssl.SSLError) as error:
            raise Failed("tls", f"a certificate or key cannot be read: {error.strerror or error}") from None
    target = Target(given.socket, 0) if given.socket else Target(given.host, given.port)
    login = Login(user=given.user, password=given.password, tls=tls, server_name=given.sni)
    return Server(target, login, given.db, given.queue, SECONDS)


def whole(server: Server) -> Snapshot:
    """A frame with every tier, model and queue, as far as they can be read in a few seconds."""
    deadline = time.monotonic() + SECONDS
    snapshot = server.read()
    while not server.is_complete() and time.monotonic() < deadline:
        snapshot = server.read()
    # The tiers whose hot keys are read are known only now.
    return server.read()


def main() -> int:
    locale.setlocale(locale.LC_ALL, "")
    given = arguments()
    where = given.socket or f"{given.host}:{given.port}"
    try:
        server = server_of(given)
        if given.once:
            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else int(os.environ.get("COLUMNS") or PIPE_WIDTH)
            for line in frame.frame(whole(server), frame.View(), max(width, 40), None):
                sys.stdout.buffer.write(line.text.encode("utf-8", "replace") + b"\n")
            return 0
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            print("top: error: not a terminal: scripts/top --once prints one frame", file=sys.stderr)
            return 2
        import screen  # needs curses, which --once does not

        screen.Screen(server, server.read()).run()
    except Failed as error:
        print(f"top: error: {where}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of the pipe has what it wanted. Python would write once more at its end.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
