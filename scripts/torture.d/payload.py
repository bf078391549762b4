"""Payloads of DUMP, taken apart and put together again: CRC64, LZF, and the numbers and strings of a module's value.

A payload is the type of the object (1 byte), the id of the module's type (a length and 8 bytes, the last ten bits its
encoding version), the value, and a footer: the version of the RDB format (2 bytes) and the CRC64 of everything before
it (8 bytes, little-endian).
"""

import struct
from dataclasses import dataclass

HEAD, FOOT = 10, 10
END, NUMBER, STRING = 0, 2, 5  # the marks before each part of a value
LZF, WIDE = 3, 0x81


def _table() -> list[int]:
    """The CRC64 of each byte, for the polynomial of Jones, reflected."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x95AC9329AC4BC9B5 if byte & 1 else 0)
        table.append(byte)
    return table


CRC = _table()


def crc64(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc


def sealed(body: bytes, version: bytes) -> bytes:
    """The body with a footer that the server accepts."""
    body += version
    return body + struct.pack("<Q", crc64(body))


def body_and_version(payload: bytes) -> tuple[bytes, bytes]:
    if sealed(payload[:-FOOT], payload[-FOOT:-8]) != payload:
        raise ValueError("the checksum of a payload of the server is not the one that is computed here")
    return payload[:-FOOT], payload[-FOOT:-8]


@dataclass(frozen=True)
class Value:
    """A value of a module: its first bytes, then numbers and strings."""

    head: bytes
    parts: tuple[int | bytes, ...]

    def body(self) -> bytes:
        out = bytearray(self.head)
        for part in self.parts:
            if isinstance(part, int):
                out += bytes([NUMBER]) + length(part)
            else:
                out += bytes([STRING]) + length(len(part)) + part
        return bytes(out + bytes([END]))


def taken_apart(body: bytes) -> Value:
    reader, parts = Reader(body, HEAD), []
    while (mark := reader.length()) != END:
        if mark not in (NUMBER, STRING):
            raise ValueError(f"a value of the module has a part with the mark {mark}")
        parts.append(reader.length() if mark == NUMBER else reader.string())
    if reader.at != len(body):
        raise ValueError("bytes follow the end of a value")
    return Value(body[:HEAD], tuple(parts))


def length(number: int) -> bytes:
    if number < 1 << 6:
        return bytes([number])
    if number < 1 << 14:
        return bytes([0x40 | number >> 8, number & 0xFF])
    return b"\x80" + struct.pack(">I", number) if number < 1 << 32 else bytes([WIDE]) + struct.pack(">Q", number)


class Reader:
    def __init__(self, data: bytes, at: int):
        self.data, self.at = data, at

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) != count:
            raise ValueError("a payload is too short")
        self.at += count
        return taken

    def length(self) -> int:
        first = self.take(1)[0]
        match first >> 6:
            case 0:
                return first
            case 1:
                return (first & 0x3F) << 8 | self.take(1)[0]
        if first == 0x80:
            return struct.unpack(">I", self.take(4))[0]
        if first == WIDE:
            return struct.unpack(">Q", self.take(8))[0]
        raise ValueError(f"no length: {first}")

    def string(self) -> bytes:
        first = self.data[self.at]
        if first >> 6 != 3:
            return self.take(self.length())
        self.at += 1
        if first & 0x3F == LZF:
            packed, unpacked = self.length(), self.length()
            return unpacked_lzf(self.take(packed), unpacked)
        size = 1 << (first & 0x3F)  # an integer of 1, 2 or 4 bytes
        return str(int.from_bytes(self.take(size), "little", signed=True)).encode()


def unpacked_lzf(packed: bytes, size: int) -> bytes:
    out, at = bytearray(), 0
    while at < len(packed):
        control = packed[at]
        at += 1
        if control < 32:
            out += packed[at : at + control + 1]
            at += control + 1
            continue
        count = control >> 5
        if count == 7:
            count += packed[at]
            at += 1
        start = len(out) - ((control & 0x1F) << 8 | packed[at]) - 1
        at += 1
        for i in range(count + 2):  # the copy may overlap what it writes
            out.append(out[start + i])
    if len(out) != size:
        raise ValueError("a compressed string has another length than announced")
    return bytes(out)
