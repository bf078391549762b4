"""Damage to payloads: to their bytes, and to the numbers and strings of a value, which a flipped byte of a compressed
string never reaches."""

import math
import random
import struct

from payload import HEAD, Value

# Where lengths, counts and versions tend to break.
NUMBERS = (
    0,
    1,
    2,
    3,
    63,
    64,
    255,
    256,
    16383,
    16384,
    65535,
    65536,
    100_000,
    10_000_000,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**53,
    2**60,
    2**63 - 1,
    2**63,
    2**64 - 2,
    2**64 - 1,
)
DOUBLES = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.999999,
    1e-300,
    5e-324,
    1e150,
    1.7976931348623157e308,
    -1e308,
    math.inf,
    -math.inf,
    math.nan,
)


def damaged(dice: random.Random, body: bytes, value: Value, other: Value) -> tuple[str, bytes]:
    """What was done, and the damaged body. The first ten bytes name the type, so that the module receives the rest."""
    how = dice.choice((*BYTES, *PARTS))
    if how in BYTES:
        rest = bytearray(body[HEAD:])
        how(dice, rest)
        return how.__name__, body[:HEAD] + rest
    parts = list(value.parts)
    how(dice, parts, other.parts)
    return how.__name__, Value(value.head, tuple(parts)).body()


def bits(dice: random.Random, rest: bytearray) -> None:
    for _ in range(dice.randint(1, 4)):
        rest[dice.randrange(len(rest))] ^= 1 << dice.randrange(8)


def set_bytes(dice: random.Random, rest: bytearray) -> None:
    for _ in range(dice.randint(1, 4)):
        rest[dice.randrange(len(rest))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))


def cut(dice: random.Random, rest: bytearray) -> None:
    del rest[dice.randrange(len(rest)) :]


def removed(dice: random.Random, rest: bytearray) -> None:
    start = dice.randrange(len(rest))
    del rest[start : start + dice.randint(1, 16)]


def repeated(dice: random.Random, rest: bytearray) -> None:
    start = dice.randrange(len(rest))
    rest[start:start] = rest[start : start + dice.randint(1, 64)]


BYTES = (bits, set_bytes, cut, removed, repeated)


def number(dice: random.Random, parts: list[int | bytes], _: object) -> None:
    places = [at for at, part in enumerate(parts) if isinstance(part, int)]
    at = dice.choice(places)
    near = (parts[at] + dice.choice((-1, 1))) % 2**64
    parts[at] = dice.choice((*NUMBERS, near))


def inside(dice: random.Random, parts: list[int | bytes], _: object) -> None:
    """A number or some bits within a string."""
    at = string(dice, parts)
    text = bytearray(parts[at])
    form = dice.choice(("<B", "<H", "<I", "<Q", "<d", "<f", "bits"))
    if form == "bits":
        bits(dice, text)
    else:
        size = struct.calcsize(form)
        place = dice.randrange(max(len(text) - size + 1, 1))
        if form in ("<d", "<f"):
            new = min(max(dice.choice(DOUBLES), -3e38), 3e38) if form == "<f" else dice.choice(DOUBLES)
        else:
            new = dice.choice(NUMBERS) % 2 ** (8 * size)
        text[place : place + size] = struct.pack(form, new)
    parts[at] = bytes(text)


def several_doubles(dice: random.Random, parts: list[int | bytes], _: object) -> None:
    """Numbers where numbers are likely: at distances of eight bytes from the end of a string."""
    at = string(dice, parts)
    text = bytearray(parts[at])
    for _ in range(dice.randint(1, 8)):
        place = len(text) - 8 * dice.randint(1, max(len(text) // 8, 1))
        if place >= 0:
            text[place : place + 8] = struct.pack("<d", dice.choice(DOUBLES))
    parts[at] = bytes(text)


def shorter(dice: random.Random, parts: list[int | bytes], _: object) -> None:
    at = string(dice, parts)
    parts[at] = parts[at][: dice.randrange(len(parts[at]))]


def longer(dice: random.Random, parts: list[int | bytes], _: object) -> None:
    at = string(dice, parts)
    parts[at] += dice.randbytes(dice.choice((1, 4, 8, 100)))


def part_removed(dice: random.Random, parts: list[int | bytes], _: object) -> None:
    del parts[dice.randrange(len(parts))]


def part_repeated(dice: random.Random, parts: list[int | bytes], _: object) -> None:
    at = dice.randrange(len(parts))
    parts[at:at] = [parts[at]] * dice.choice((1, 1, 2, 50))


def exchanged(dice: random.Random, parts: list[int | bytes], _: object) -> None:
    one, two = dice.randrange(len(parts)), dice.randrange(len(parts))
    parts[one], parts[two] = parts[two], parts[one]


def spliced(dice: random.Random, parts: list[int | bytes], other: tuple[int | bytes, ...]) -> None:
    """The beginning of one value and the end of another."""
    parts[dice.randint(1, len(parts)) :] = other[dice.randrange(len(other)) :]


def borrowed(dice: random.Random, parts: list[int | bytes], other: tuple[int | bytes, ...]) -> None:
    """A part of another value, or a piece of one of its strings."""
    at, theirs = dice.randrange(len(parts)), dice.choice(other)
    if isinstance(theirs, bytes) and isinstance(parts[at], bytes) and theirs and parts[at]:
        place, start = dice.randrange(len(parts[at])), dice.randrange(len(theirs))
        piece = theirs[start : start + dice.randint(1, 64)]
        theirs = parts[at][:place] + piece + parts[at][place + len(piece) :]
    parts[at] = theirs


def string(dice: random.Random, parts: list[int | bytes]) -> int:
    """The place of a string that is not empty."""
    return dice.choice([at for at, part in enumerate(parts) if isinstance(part, bytes) and part])


PARTS = (
    number,
    inside,
    inside,
    inside,
    several_doubles,
    shorter,
    longer,
    part_removed,
    part_repeated,
    exchanged,
    spliced,
    borrowed,
)
