"""The files of an append-only log: the manifest, and the commands in a file with their positions."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = "appendonlydir"


def files(server_folder: Path, kind: str) -> list[Path]:
    """The files of a kind in the manifest: b is the base, i are the increments."""
    manifests = list((server_folder / FOLDER).glob("*.manifest"))
    if not manifests:
        return []
    lines = [line.split() for line in manifests[0].read_text().splitlines()]
    return [server_folder / FOLDER / words[1] for words in lines if words[-1] == kind]


def increment(server_folder: Path) -> Path | None:
    """The file to which the server appends."""
    names = files(server_folder, "i")
    return names[-1] if names else None


@dataclass
class Command:
    """A command in a file: from the byte `begin` to before `end`, its first words in lower case. `arguments` are the places of the
    contents of its words."""

    begin: int
    end: int
    words: tuple[str, ...]
    arguments: list[tuple[int, int]]
    in_transaction: bool = False

    @property
    def name(self) -> str:
        return self.words[0]


def commands(content: bytes) -> list[Command]:
    found, at, inside = [], 0, False
    while at < len(content):
        begin = at
        line_end = content.index(b"\r\n", at)
        if content[at:at + 1] != b"*":
            raise ValueError(f"no command at byte {at}: {content[at:at + 20]!r}")
        number, at = int(content[at + 1:line_end]), line_end + 2
        arguments = []
        for _ in range(number):
            line_end = content.index(b"\r\n", at)
            length, at = int(content[at + 1:line_end]), line_end + 2
            arguments.append((at, at + length))
            at += length + 2
        words = tuple(content[start:min(end, start + 40)].decode(errors="replace").lower() for start, end in arguments[:3])
        command = Command(begin, at, words, arguments)
        command.in_transaction = inside and words[0] != "multi"
        inside = {"multi": True, "exec": False}.get(words[0], inside)
        found.append(command)
    return found
