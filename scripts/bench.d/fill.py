"""Writes many keys fast with plain SET in pipelines over a socket: DEBUG POPULATE sends no notifications."""

import socket
from collections.abc import Iterable, Iterator
from itertools import islice

from server import Server

BATCH = 2_000  # commands sent before their replies are read
OK = b"+OK\r\n"


def fill(server: Server, keys: Iterable[str], value: str, expires_at_ms: int | None = None) -> int:
    """Sets every key to one value, with an expiry time in Unix milliseconds if given; returns the number of keys."""
    tail, words = b"$%d\r\n%s\r\n" % (len(value), value.encode()), 3
    if expires_at_ms is not None:
        tail += b"$4\r\nPXAT\r\n$%d\r\n%d\r\n" % (len(str(expires_at_ms)), expires_at_ms)
        words = 5
    keys, count = iter(keys), 0
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        while batch := list(islice(keys, BATCH)):
            connection.sendall(b"".join(_sets(batch, words, tail)))
            _read(connection, len(batch))
            count += len(batch)
    return count


def numbered(prefix: str, count: int) -> Iterator[str]:
    """Names that redis-benchmark makes from `prefix__rand_int__`."""
    return (f"{prefix}{i:012d}" for i in range(count))


def _sets(keys: list[str], words: int, tail: bytes) -> Iterator[bytes]:
    for key in keys:
        yield b"*%d\r\n$3\r\nSET\r\n$%d\r\n%s\r\n" % (words, len(key), key.encode())
        yield tail


def _read(connection: socket.socket, count: int) -> None:
    left = count * len(OK)
    while left > 0:
        answer = connection.recv(1 << 16)
        if b"-" in answer or not answer:
            raise RuntimeError(f"a SET was refused: {answer[:200]!r}")
        left -= len(answer)
