"""Commands that no client library sends: made from the arguments in COMMAND DOCS, then changed; or random
words of a command's vocabulary."""

import json
import random

from contents import FACTS, fields, text

# Names of keys with contents of every type, of the server's types, and absent ones.
KEYS = (
    "io:full",
    "io:lazy",
    "io:indicators",
    "io:history",
    "score:glm",
    "score:lightgbm",
    "origin:all",
    "packed:compressed",
    "plain:tagged",
    "plain:empty",
    "queue:all",
    "a-string",
    "a-list",
    "a-hash",
    "absent",
    "plain:absent",
    "",
    "{io}:full",
    "%7Beu%7D",
    "\x00",
    b"\xff\xfe",
)
NUMBERS = (
    0,
    1,
    2,
    3,
    5,
    10,
    100,
    101,
    1000,
    4096,
    -1,
    -0.0,
    0.5,
    1e-9,
    1e308,
    "1e999",
    "nan",
    "inf",
    "-inf",
    "0x10",
    "1 ",
    " 1",
    "+1",
    "1_000",
    "٣",
    "1.",
    ".5",
    2**31 - 1,
    2**31,
    2**32,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**64 - 1,
    2**64,
    10**30,
    -(2**63),
    "9" * 400,
)
LABELS = (
    "USA",
    "CHN",
    "C10",
    "C11",
    "usa",
    "*",
    "USA|C10",
    "x" * 513,
    "risk",
    "i0",
    "output",
    "i8",
    "847130",
    "84",
    "8471.30",
    "MX",
    "US",
    "sample",
    "made",
)
JOBS = (
    "in-pending",
    "in-running",
    "in-completed",
    "in-dead",
    "waits",
    "later",
    "t",
    "hourly",
    "nightly",
    "paused",
    "g",
    "9f86d081884c7d65",
    "0" * 16,
)
DOCUMENTS = (
    "{}",
    "[]",
    "null",
    "{",
    '{"a":1}',
    '{"a":1e999}',
    '{"USA":1,"CHN":2}',
    '{"USA":{"C10":0.5}}',
    '{"USA":{"C10":100}}',
    '{"a":{"a":{"a":{"a":[]}}}}',
    "[" * 5000,
    FACTS,
    '{"bom":[{}]}',
    '{"date":"2026-02-30"}',
    "region,value\nUSA,1\nCHN,2\n",
    "region,value\n",
    "a,b,c\n1,2,3\n",
    "\ufeff{}",
    '{"\\u0000":1}',
    "* * * * * *",
    '{"rain_mm":1,"river_m":2,"soil":0.5,"slope":0.1}',
    '[{"rain_mm":1,"river_m":2,"soil":0.5,"slope":0.1}]',
    "PK\x03\x04",
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
)
PATHS = (
    "mini.csv",
    "../mini.csv",
    "/etc/passwd",
    "../../../../../../etc/passwd",
    ".",
    "..",
    "",
    "mini.csv/",
    "a\x00b",
    "%2e%2e/mini.csv",
    "mini.csv\n",
    "nothing.csv",
)
PATTERNS = ("*", "plain:*", "packed:?", "[", "[a-", "\\", "*" * 200, "plain:[a-z]*", "*a*b*c*d*e*f*")
ODD = (
    "",
    " ",
    "\x00",
    b"\xff",
    b"\xc3\x28",
    "ß",
    "\r\n",
    "-ERR x",
    "$5\r\nhello",
    "'",
    '"',
    "a" * 257,
    "a" * 5000,
    b"\x80" * 70_000,
    "NOCACHE",
    "TTL",
    "n",
)
MOST_WORDS = 40


class Vocabulary:
    """The arguments of a command."""

    def __init__(self, name: str, docs: object):
        self.name = name
        self.arguments = [fields(argument) for argument in fields(docs).get("arguments", [])]
        self.tokens = sorted(tokens(self.arguments)) or [name]

    def command(self, dice: random.Random) -> list[object]:
        if dice.random() < 0.3:
            return [
                self.name,
                *(self.word(dice) for _ in range(dice.randrange(MOST_WORDS if dice.random() < 0.2 else 8))),
            ]
        words = [word for argument in self.arguments for word in made(dice, argument)]
        for _ in range(dice.choice((0, 0, 0, 1, 1, 2, 3))):
            change(dice, words, self.word(dice))
        return [self.name, *words]

    def word(self, dice: random.Random) -> object:
        token = dice.choice(self.tokens)
        pools = (KEYS, NUMBERS, LABELS, JOBS, DOCUMENTS, PATHS, PATTERNS, ODD)
        return token if dice.random() < 0.3 else dice.choice(dice.choice(pools))


def tokens(arguments: list[dict[str, object]]) -> set[str]:
    found = set()
    for argument in arguments:
        if "token" in argument:
            found.add(text(argument["token"]))
        found |= tokens([fields(inner) for inner in argument.get("arguments", [])])
    return found


def made(dice: random.Random, argument: dict[str, object]) -> list[object]:
    """Words for an argument, as its documentation describes it."""
    flags = {text(flag) for flag in argument.get("flags", [])}
    if "optional" in flags and dice.random() < 0.6:
        return []
    times = dice.choice((1, 1, 2, 3)) if "multiple" in flags else 1
    token = [text(argument["token"])] if "token" in argument else []
    words = []
    for at in range(times):
        words += token if at == 0 or "multiple_token" in flags else []
        words += value(dice, argument)
    return words


def value(dice: random.Random, argument: dict[str, object]) -> list[object]:
    inner = [fields(one) for one in argument.get("arguments", [])]
    name = text(argument["name"])
    match text(argument["type"]):
        case "pure-token":
            return []
        case "oneof":
            return made(dice, dice.choice(inner))
        case "block":
            return [word for one in inner for word in made(dice, one)]
        case "key":
            return [dice.choice(KEYS)]
        case "integer" | "unix-time":
            return [dice.choice((1, 2, 3, dice.choice(NUMBERS)))]
        case "double":
            return [dice.choice((0.5, 1, 2, dice.choice(NUMBERS)))]
        case "pattern":
            return [dice.choice(PATTERNS)]
    if "path" in name:
        return [dice.choice(PATHS)]
    if name in ("document", "payload", "facts", "inputs", "rows", "demand", "metadata", "value", "result"):
        return [dice.choice(DOCUMENTS)]
    if name in ("id", "queue", "type", "token", "worker", "group"):
        return [dice.choice((*KEYS, *JOBS))]
    return [dice.choice(dice.choice((LABELS, LABELS, JOBS, DOCUMENTS, ODD)))]


def change(dice: random.Random, words: list[object], word: object) -> None:
    at = dice.randrange(len(words) + 1)
    match dice.randrange(5):
        case 0:
            words.insert(at, word)
        case 1 if words:
            del words[min(at, len(words) - 1)]
        case 2 if words:
            words[min(at, len(words) - 1)] = word
        case 3 if words:
            words.append(dice.choice(words))
        case _:
            del words[at:]


def garbage(dice: random.Random, names: list[str]) -> bytes:
    """Bytes that are no command, or that begin like one."""
    name = dice.choice(names).encode()
    size = dice.choice((0, 1, 2**31 - 1, 2**31, 2**32, 2**63, -1, -2, 10**25, 536870913))
    return dice.choice(
        (
            lambda: dice.randbytes(dice.choice((1, 10, 1000, 20_000))),
            lambda: b"*%d\r\n" % size,
            lambda: b"*3\r\n$%d\r\n%b\r\n$%d\r\n" % (len(name), name, size),
            lambda: b"*2\r\n$%d\r\n%b\r\n$3\r\nabcdef\r\n" % (len(name), name),
            lambda: b"*2\r\n$%d\r\n%b\r\n" % (len(name) + dice.choice((-1, 1, 5)), name),
            lambda: b"*3\r\n$%d\r\n%b\r\n$100000\r\n%b" % (len(name), name, dice.randbytes(500)),  # half a command
            lambda: b"*100000\r\n$%d\r\n%b\r\n" % (len(name), name) + b"$0\r\n\r\n" * 2000,
            lambda: name + b" " + dice.randbytes(30).replace(b"\n", b"") + b"\r\n",  # inline
            lambda: name + b" 'unbalanced\r\n" + name + b' "\\xff\\x00"\r\n',
            lambda: b"a" * 70_000,
            lambda: b"*1\r\n$4\r\nPING\r\n" * 3 + b"*1\r\n+PING\r\n",
            lambda: b"*2\r\n$5\r\nHELLO\r\n$1\r\n%d\r\n" % dice.randrange(9) + dice.randbytes(20),
            lambda: json.dumps({"name": text(name)}).encode() + b"\r\n",
        )
    )()
