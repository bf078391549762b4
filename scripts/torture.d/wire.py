"""A connection that sends any bytes and reads replies of RESP2 and RESP3 strictly: what is not a reply is an error."""

import socket
from collections.abc import Sequence

CODES = frozenset(
    (
        "ERR WRONGTYPE NOMODEL NOSUBJECT NOINDICATOR NOTREADY BADFILE LEASELOST BUSY TOOBIG NOROOM "
        "READONLY NOPERM UNBLOCKED "
        # Codes of the server.
        "OOM MISCONF CROSSSLOT MOVED TRYAGAIN NOREPLICAS EXECABORT NOAUTH NOPROTO LOADING NOSCRIPT BUSYKEY"
    ).split()
)


class Broken(Exception):
    """Bytes that are no reply."""


class Closed(Exception):
    """The server has closed the connection."""


class Error(str):
    """An error reply, without the minus sign."""

    @property
    def code(self) -> str:
        return self.split(" ", 1)[0]

    def fault(self) -> str | None:
        """What is wrong with the error, if anything."""
        if not self.isascii() or not self.isprintable():
            return f"an error that is not printable ASCII: {self!r}"
        if self.code not in CODES:
            return f"an error without a known code: {self!r}"
        return None


class Connection:
    def __init__(self, plain: socket.socket):
        self.socket, self.buffer, self.at = plain, bytearray(), 0
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Closes with RST instead of FIN: as when the host of a client has failed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def send(self, *words: object) -> None:
        self.raw(command(words))

    def raw(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed(str(error)) from None

    def call(self, *words: object) -> object:
        self.send(*words)
        return self.receive()

    def good(self, *words: object) -> object:
        """The reply, which must not be an error."""
        reply = self.call(*words)
        if isinstance(reply, Error):
            raise ValueError(f"{shown(words)} replied {reply}")
        return reply

    def pipeline(self, commands: Sequence[Sequence[object]]) -> list[object]:
        self.raw(b"".join(map(command, commands)))
        return [self.receive() for _ in commands]

    def integer(self, field: str, section: str = "assess") -> int:
        """A number of INFO; of the module's section without the prefix."""
        name = f"assess_{field}" if section == "assess" else field
        text = self.good("INFO", section).decode()
        return int(next(line.split(":")[1] for line in text.splitlines() if line.startswith(f"{name}:")))

    def receive(self) -> object:
        line = self._line()
        kind, rest = line[:1], line[1:]
        match kind:
            case b"+":
                return rest.decode()
            case b"-":
                return Error(rest.decode(errors="surrogateescape"))
            case b":":
                return int(rest)
            case b"$" | b"=":
                return None if rest == b"-1" else self._bulk(self._count(rest))
            case b"!":
                return Error(self._bulk(self._count(rest)).decode(errors="surrogateescape"))
            case b"*" | b"~" | b">":
                return None if rest == b"-1" else [self.receive() for _ in range(self._count(rest))]
            case b"%":
                pairs = [(self.receive(), self.receive()) for _ in range(self._count(rest))]
                return {bytes(name) if isinstance(name, bytearray) else name: value for name, value in pairs}
            case b"_":
                return None
            case b",":
                return float(rest)
            case b"#":
                return rest == b"t"
            case b"(":
                return int(rest)
        raise Broken(f"a reply begins with {line[:80]!r}")

    @staticmethod
    def _count(text: bytes) -> int:
        if not text.isdigit():
            raise Broken(f"no length: {text!r}")
        return int(text)

    def _line(self) -> bytes:
        while (end := self.buffer.find(b"\r\n", self.at)) < 0:
            self._fill()
        line = bytes(self.buffer[self.at : end])
        self.at = end + 2
        return line

    def _bulk(self, size: int) -> bytes:
        while len(self.buffer) < self.at + size + 2:
            self._fill()
        data = bytes(self.buffer[self.at : self.at + size])
        if self.buffer[self.at + size : self.at + size + 2] != b"\r\n":
            raise Broken(f"a string of {size} bytes is longer than announced")
        self.at += size + 2
        return data

    def _fill(self) -> None:
        if self.at > 1 << 16:
            del self.buffer[: self.at]
            self.at = 0
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError as error:
            raise Closed(str(error)) from None
        if not data:
            raise Closed("end of the connection")
        self.buffer += data


def command(words: Sequence[object]) -> bytes:
    out = bytearray(b"*%d\r\n" % len(words))
    for word in map(encoded, words):
        out += b"$%d\r\n%b\r\n" % (len(word), word)
    return bytes(out)


def encoded(word: object) -> bytes:
    return word if isinstance(word, bytes) else str(word).encode(errors="surrogateescape")


def shown(words: Sequence[object]) -> str:
    """A command for people: long words are cut."""
    return " ".join(repr(word if len(word) <= 60 else word[:60] + b"...")[1:] for word in map(encoded, words))
