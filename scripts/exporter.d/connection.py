"""A connection to one server: enough of RESP2 for the commands of a scrape, within one deadline."""

import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

LONGEST_BULK = 64 << 20
LONGEST_ARRAY = 1 << 20
DEEPEST = 8
PORTS = range(1, 65_536)


class Failed(Exception):
    """A server could not be read. `cause` is one word of a short list: it becomes a label."""

    def __init__(self, cause: str, text: str):
        super().__init__(text)
        self.cause = cause


class Refused(Exception):
    """An error reply."""


@dataclass(frozen=True)
class Target:
    """The address of a server. Its text is the parameter `target` of a scrape."""

    host: str  # a path for a Unix socket
    port: int  # 0 for a Unix socket

    @classmethod
    def parse(cls, text: str) -> "Target":
        if text.startswith("unix:/"):
            return cls(text.removeprefix("unix:"), 0)
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            host = ""
        if not (colon and host and port.isascii() and port.isdigit() and int(port) in PORTS):
            raise ValueError(f"{text!r} is not HOST:PORT, [IPv6]:PORT or unix:/path")
        return cls(host, int(port))

    def __str__(self) -> str:
        if not self.port:
            return f"unix:{self.host}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Login:
    """How to connect: the same for all targets."""

    user: str | None = None
    password: str | None = None  # of an environment variable
    password_file: Path | None = None
    tls: ssl.SSLContext | None = None
    server_name: str | None = None

    def words(self) -> list[str]:
        """The AUTH command, or nothing."""
        password = self.password
        if self.password_file:
            try:
                # Read each time, so that a new password takes effect without a restart.
                password = self.password_file.read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, ValueError) as error:
                raise Failed("password", f"the password file cannot be read: {error}") from None
        if password is None and self.user is None:
            return []
        return ["AUTH", *([self.user] if self.user else []), password or ""]


class Connection:
    """A context manager: connected and logged in inside the `with`. Every wait ends at the deadline."""

    errors = "replace"  # for bytes of a reply that are not UTF-8, as in bytes.decode

    def __init__(self, target: Target, login: Login, seconds: float):
        self.deadline = time.monotonic() + seconds
        self.target, self.login = target, login
        self.buffer = bytearray()
        self.socket: socket.socket | None = None

    def __enter__(self) -> "Connection":
        try:
            self.socket = self._connect()
        except TimeoutError:
            raise Failed("timeout", "no connection in time") from None
        except ssl.SSLError as error:
            raise Failed("tls", f"no TLS connection: {error.reason or error}") from None
        except OSError as error:
            raise Failed("connect", f"no connection: {error.strerror or error}") from None
        try:
            if words := self.login.words():
                self._log_in(words)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.socket:
            self.socket.close()

    def ask(self, *commands: tuple[str, ...]) -> list[object]:
        """The replies of commands that are sent together. An error reply is a `Refused` among them, not raised."""
        self._send(b"".join(map(_encoded, commands)))
        return [self._reply() for _ in commands]

    def _connect(self) -> socket.socket:
        if not self.target.port:
            plain = socket.socket(socket.AF_UNIX)
            plain.settimeout(self._left())
            plain.connect(self.target.host)
            return plain
        plain = socket.create_connection((self.target.host, self.target.port), timeout=self._left())
        if not self.login.tls:
            return plain
        plain.settimeout(self._left())
        try:
            return self.login.tls.wrap_socket(plain, server_hostname=self.login.server_name or self.target.host)
        except BaseException:
            plain.close()
            raise

    def _log_in(self, words: list[str]) -> None:
        [reply] = self.ask(tuple(words))
        if isinstance(reply, Refused):
            # The text of the server, which names no password.
            raise Failed("auth", f"the server refused the login: {reply}")

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _send(self, data: bytes) -> None:
        try:
            self.socket.settimeout(self._left())
            self.socket.sendall(data)
        except TimeoutError:
            raise Failed("timeout", "the server does not read in time") from None
        except OSError as error:
            raise Failed("connect", f"the connection broke: {error.strerror or error}") from None

    def _receive(self) -> None:
        try:
            self.socket.settimeout(self._left())
            data = self.socket.recv(1 << 16)
        except TimeoutError:
            raise Failed("timeout", "no reply in time") from None
        except OSError as error:
            raise Failed("connect", f"the connection broke: {error.strerror or error}") from None
        if not data:
            raise Failed("connect", "the server closed the connection")
        self.buffer += data

    def _line(self) -> bytes:
        searched = 0
        while (end := self.buffer.find(b"\r\n", searched)) < 0:
            searched = max(0, len(self.buffer) - 1)
            if searched > 1 << 16:
                raise Failed("reply", "the server sent no RESP")
            self._receive()
        return self._take(end, 2)

    def _take(self, size: int, end: int) -> bytes:
        while len(self.buffer) < size + end:
            self._receive()
        taken = bytes(self.buffer[:size])
        del self.buffer[:size + end]
        return taken

    def _reply(self, depth: int = 0) -> object:
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest.decode(errors="replace")
        if kind == b"-":
            return Refused(rest.decode(errors="replace"))
        try:
            number = int(rest)
        except ValueError:
            raise Failed("reply", "the server sent no RESP") from None
        if kind == b":":
            return number
        if kind in b"$*" and number == -1:
            return None
        if kind == b"$" and 0 <= number <= LONGEST_BULK:
            return self._take(number, 2).decode(errors=self.errors)
        if kind == b"*" and 0 <= number <= LONGEST_ARRAY and depth < DEEPEST:
            return [self._reply(depth + 1) for _ in range(number)]
        raise Failed("reply", "the server sent no RESP")


def _encoded(words: tuple[str, ...]) -> bytes:
    # An argument of the command line may be of any bytes.
    parts = [word.encode(errors="surrogateescape") for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def pairs(reply: object) -> dict[str, object]:
    """A map, which RESP2 sends as a flat array."""
    if not isinstance(reply, list) or len(reply) % 2:
        raise Failed("reply", "the server sent no map")
    return dict(zip(map(str, reply[::2]), reply[1::2]))
