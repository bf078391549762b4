"""Reads the command line and serves until SIGTERM or SIGINT. scripts/exporter describes it."""

import sys

if sys.version_info < (3, 10):  # before anything that an older one cannot read
    sys.exit("exporter: error: Python 3.10 or later is needed (Debian: apt-get install python3)")

import argparse
import os
import signal
import ssl
from pathlib import Path

from connection import Login, Target
from targets import Targets
from web import Exporter

LONGEST_SECONDS = 300


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        print(f"exporter: error: {message}; see scripts/exporter --help", file=sys.stderr)
        sys.exit(2)


def arguments(words: list[str]) -> argparse.Namespace:
    parser = Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--target", action="append", type=target)
    parser.add_argument("--listen", type=address, default=("127.0.0.1", 9168))
    parser.add_argument("--timeout", type=seconds, default=5.0)
    parser.add_argument("--queue", action="append", default=[])
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("--password-file", type=Path)
    parser.add_argument("--password-env", default="REDISCLI_AUTH")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--cacert")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--servername")
    given = parser.parse_args(words)
    given.target = given.target or [Target("127.0.0.1", 6379)]
    if not given.tls and (given.cacert or given.cert or given.key or given.servername):
        parser.error("--cacert, --cert, --key and --servername need --tls")
    if bool(given.cert) != bool(given.key):
        parser.error("--cert and --key belong together")
    return given


def target(text: str) -> Target:
    try:
        return Target.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def address(text: str) -> tuple[str, int]:
    if text.endswith(":0"):
        return target(f"{text[:-1]}1").host, 0
    found = target(text)
    return found.host, found.port


def seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to {LONGEST_SECONDS}")
    return number


def login(given: argparse.Namespace) -> Login:
    tls = None
    if given.tls:
        # Verifies the certificate of the server and its name; there is no option that switches this off.
        tls = ssl.create_default_context(cafile=given.cacert)
        if given.cert:
            tls.load_cert_chain(given.cert, given.key)
    return Login(given.user, os.environ.get(given.password_env) or None, given.password_file, tls, given.servername)


def main() -> None:
    given = arguments(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        how = login(given)
        targets = Targets(given.target, how, given.timeout, given.cluster)
        exporter = Exporter(given.listen, targets, how, given.queue, given.timeout)
    except OSError as error:  # also that of TLS
        file = f"{error.filename}: " if error.filename else ""
        sys.exit(f"exporter: error: {file}{error.strerror or error}")
    host = f"[{exporter.server_name}]" if ":" in exporter.server_name else exporter.server_name
    # Standard error, as all messages: a line of the journal. It names the port that was free.
    print(f"exporter: serving http://{host}:{exporter.server_port}/metrics", file=sys.stderr, flush=True)
    try:
        exporter.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
