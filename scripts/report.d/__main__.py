"""Reads the options, requests the documents, writes the page. See scripts/report --help."""

import argparse
import contextlib
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

import documents
from connection import Failed, Server
from page import page

MOST_LAYERS, MOST_ENTRIES, MOST_PATHS = 32, 1000, 1000


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        self.exit(2, f"report: error: {message}, see scripts/report --help\n")


def arguments() -> argparse.Namespace:
    parser = Parser(prog="scripts/report", add_help=False, allow_abbrev=False)
    for name in ("model", "region", "sector"):
        parser.add_argument(name)
    parser.add_argument("-o", "--output")
    parser.add_argument("--indicator")
    parser.add_argument("--top", type=_number(2, MOST_ENTRIES), default=10)
    parser.add_argument("--layers", type=_number(0, MOST_LAYERS), default=5)
    parser.add_argument("--paths", type=_number(1, MOST_PATHS), default=25)
    parser.add_argument("--change", type=_change, action="append", default=[])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("-p", "--port", type=_number(1, 65535), default=6379)
    parser.add_argument("-s", "--socket")
    parser.add_argument("-n", "--db", type=_number(0, 1 << 30), default=0)
    parser.add_argument("-u", "--url")
    parser.add_argument("--user")
    parser.add_argument("--password-env", default="REDISCLI_AUTH")
    parser.add_argument("--tls", action="store_true")
    for name in ("--cacert", "--cert", "--key"):
        parser.add_argument(name)
    return parser.parse_args()


def _number(least: int, most: int):
    def number(text: str) -> int:
        if re.fullmatch("[0-9]{1,10}", text) and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")

    return number


def _change(text: str) -> list[str]:
    """The words of a change; a label with spaces is in quotes, as in a shell."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None
    if not words:
        raise argparse.ArgumentTypeError("a change has no words")
    return words


def default_file(given: argparse.Namespace) -> str:
    """MODEL-REGION-SECTOR.html, without characters that are special in a path or a shell."""
    parts = (re.sub(r"[^\w.+]+", "_", part).strip("._") or "_" for part in (given.model, given.region, given.sector))
    return "-".join(part[:60] for part in parts) + ".html"


def write(text: str, target: str) -> None:
    """The whole file or none: a temporary file beside it is renamed."""
    content = text.encode("utf-8", "replace")
    if target == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    path = Path(os.path.realpath(target))  # a link stays a link
    if path.exists() and not path.is_file():  # a device or a pipe cannot be replaced
        path.write_bytes(content)
        return
    handle, beside = tempfile.mkstemp(prefix=".report-", suffix=".html", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(beside, 0o666 & ~_mask())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def main() -> int:
    given = arguments()
    try:
        text = page(documents.request(Server(given), given), given.top)
        target = given.output or default_file(given)
        write(text, target)
    except Failed as error:
        print(f"report: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"report: error: cannot write the page: {error}", file=sys.stderr)
        return 1
    if target != "-":
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
