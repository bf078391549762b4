"""Cuts the append-only file at any byte: the server starts with exactly what was before, or refuses with its message."""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import appendonly
import survivors
import waiting
from appendonly import Command
from context import Context, Round, Servers
from oracle import Call, Op, Register, Survival
from server import NotStarted, Server
from traffic import TIERS, Traffic, tables

ROUNDS = 200
QUICK = 4

STEPS = 1200
QUICK_STEPS = 100
PLACES = ("boundary", "header", "argument", "line end", "transaction", "model", "ban", "job", "base")
REFUSED = ("Unexpected end of file reading the append only file", "Short read or OOM loading DB", "Bad file format reading the append only file")


@dataclass
class Recording:
    """The files of a server that did a lot, and what each byte of its last file was for: the times of calls are positions."""

    preamble: bool
    folder: Path
    traffic: Traffic
    commands: list[Command]
    content: bytes

    def arguments(self) -> tuple:
        """Without a preamble nothing records the tiers."""
        return () if self.preamble else declared()


def declared() -> tuple:
    return tuple(word for name, policy in TIERS.items() for word in ("TIER", name, *policy))


def run(context: Context) -> None:
    data = tables(context.folder)
    recordings = [record(context, data, preamble) for preamble in (True, False)]
    for recording in recordings:
        context.count("bytes of files", len(recording.content))
        context.count("commands", len(recording.commands))
    context.each(lambda round_: one_round(round_, recordings[round_.number % 2], data))


def options(data: Path, preamble: bool) -> tuple:
    return ("--assess.data-dir", data, "--auto-aof-rewrite-percentage", 0, "--appendonly", "yes", "--appendfsync", "always",
            "--aof-use-rdb-preamble", "yes" if preamble else "no")


def record(context: Context, data: Path, preamble: bool) -> Recording:
    """Work before a rewrite, which is then in the base file, and as much after it."""
    server = context.server(*options(data, preamble), arguments=() if preamble else declared())
    clock = Clock()
    traffic = Traffic(server, f"{context.seed}/{preamble}", bulk=600, clock=clock, everything=False)
    traffic.prepare(declare_tiers=preamble)
    clients, choices = traffic.clients(), random.Random(f"{context.seed}/{preamble}/order")
    steps = QUICK_STEPS if context.quick else STEPS
    for _ in range(steps // 3):
        choices.choice(clients).step()
    survivors.settle(server)  # no pending invalidation during the rewrite
    before = appendonly.increment(server.folder)
    server.call("BGREWRITEAOF")
    waiting.until(lambda: not server.admin.info("persistence")["aof_rewrite_in_progress"], "a rewrite does not end")
    clock.file = appendonly.increment(server.folder)
    assert clock.file != before
    for step in range(steps):
        choices.choice(clients).step()
        if step in (steps // 3, steps // 2):
            invalidate_bulk(traffic, server, clock)
        context.progress(f"step {step} of {steps}")
    survivors.settle(server)
    server.kill()
    if traffic.faults:
        raise AssertionError(traffic.faults)
    content = clock.file.read_bytes()
    return Recording(preamble, server.folder, traffic, appendonly.commands(content), content)


class Clock:
    """The size of the file; before there is one, a negative number that grows."""

    def __init__(self):
        self.file: Path | None = None
        self.early = -1_000_000_000

    def __call__(self) -> float:
        self.early += 1
        return self.file.stat().st_size if self.file else self.early


def invalidate_bulk(traffic: Traffic, server: Server, clock: Clock) -> None:
    """An invalidation that needs a sweep, and writes during it."""
    bulk = traffic.family("bulk:")
    call = Call(clock(), "CACHE.INVALIDATE TIER bulk ASYNC")
    for register in bulk:
        register.append(call, None, invalidates=True)
    server.call("CACHE.INVALIDATE", "TIER", "bulk", "ASYNC")
    call.end = clock()
    for register in bulk[::2]:
        call = Call(clock(), f"SET {register.name} again")
        register.append(call, f"again-{call.start}")
        server.call("SET", register.name, f"again-{call.start}", "EX", 36000)
        call.end = call.swept = clock()


def one_round(round_: Round, recording: Recording, data: Path) -> None:
    place = PLACES[round_.number // 2 % len(PLACES)] if round_.number < 4 * len(PLACES) else round_.random.choice(PLACES)
    tolerant = round_.random.random() < 0.7
    folder = round_.folder / "server"
    shutil.copytree(recording.folder, folder, ignore=shutil.ignore_patterns("redis.log"))
    if place == "base":
        return cut_base(round_, recording, data, folder)
    cut = position(round_.random, recording, place)
    file = appendonly.increment(folder)
    with file.open("r+b") as opened:
        opened.truncate(cut)
    round_.count("bytes cut", len(recording.content) - cut)
    server = start(round_, recording, data, folder, tolerant)
    whole = is_whole(recording, cut)
    try:
        server.start()
    except NotStarted as error:
        round_.count("refused")
        round_.expect(not tolerant, f"cut at {cut} ({place}), although aof-load-truncated is yes: {error}")
        round_.expect(not whole, f"cut between commands, at {cut}: {error}")
        round_.expect(any(text in str(error) for text in REFUSED), f"cut at {cut} ({place}): refused without a message: {error}")
        return
    round_.count("started")
    round_.expect(tolerant or whole, f"cut at {cut} ({place}): started although aof-load-truncated is no")
    examine(round_, recording, server, cut)


def start(round_: Round, recording: Recording, data: Path, folder: Path, tolerant: bool) -> Server:
    more = ("--aof-load-truncated", "yes" if tolerant else "no")
    return round_.server(*options(data, recording.preamble), *more, arguments=recording.arguments(), folder=folder, start=False)


def cut_base(round_: Round, recording: Recording, data: Path, folder: Path) -> None:
    """A base file that is cut is never good."""
    base = appendonly.files(folder, "b")[0]
    size = base.stat().st_size
    with base.open("r+b") as opened:
        opened.truncate(round_.random.randrange(1, size))
    server = start(round_, recording, data, folder, round_.random.random() < 0.5)
    try:
        server.start()
        # A base file without a preamble is commands: a cut between two of them cannot be seen.
        round_.expect(not recording.preamble, "started with a base file that was cut")
    except NotStarted as error:
        round_.count("refused")
        round_.expect("Fatal error" in str(error) or any(text in str(error) for text in REFUSED), f"base file: refused without a message: {error}")


def position(random_: random.Random, recording: Recording, place: str) -> int:
    """A position of a class, each command as probable as any other of its name."""
    families = {"model": "model.replay", "ban": "cache.replay", "job": "job.replay"}
    commands = recording.commands
    if place == "transaction":
        return random_.choice([command for command in commands if command.in_transaction]).begin
    if place in families:
        command = random_.choice([command for command in commands if command.name == families[place]])
        return random_.choice((command.begin, random_.randrange(command.begin, command.end + 1), command.end))
    names = sorted({command.name for command in commands})
    name = random_.choice(names)
    command = random_.choice([command for command in commands if command.name == name])
    if place == "boundary":
        return command.begin
    if place == "header":
        return random_.randrange(command.begin + 1, command.arguments[0][0])
    if place == "line end":
        return command.end - random_.randrange(1, 3)
    first, last = random_.choice([argument for argument in command.arguments if argument[1] > argument[0]])
    return random_.randrange(first, last)


def is_whole(recording: Recording, cut: int) -> bool:
    """Whether the file ends after a command, outside of a transaction."""
    return any(command.begin == cut and not command.in_transaction for command in recording.commands) or cut == len(recording.content)


def examine(round_: Round, recording: Recording, server: Server, cut: int) -> None:
    """Every state is that of the bytes that are left; calls of which a part is left did all of their work, or none."""
    traffic = recording.traffic
    survival = Survival(floor=cut, ceiling=cut)
    survivors.check(round_, server, traffic, survival)
    whole_or_nothing(round_, traffic, survivors.observe(server, traffic.registers), cut)
    survivors.settle(server)
    survivors.agree(round_, server, not recording.preamble, traffic.registers)
    if any(command.in_transaction and command.begin < cut < command.end for command in recording.commands):
        # A defect of the server, with and without the module: it cuts the file inside the transaction, and at the next start
        # it drops that transaction with all that was written since. A rewrite in between prevents that.
        round_.count("transactions left open by the server")
        server.call("BGREWRITEAOF")
        waiting.until(lambda: not server.admin.info("persistence")["aof_rewrite_in_progress"], "a rewrite does not end")
    server.call("CACHE.SET", "plain:after", "v")
    survivors.remove_staging(server)
    digest = server.call("DEBUG", "DIGEST")
    server.kill()
    server.restart()
    after = server.call("DEBUG", "DIGEST")
    round_.expect(after == digest, f"cut at {cut}: the digest after another restart is {after}, it was {digest}")
    round_.expect(server.call("CACHE.GET", "plain:after") == "v", f"cut at {cut}: a write after the start is lost")


def whole_or_nothing(round_: Round, traffic: Traffic, observed: dict[str, str | None], cut: int) -> None:
    halves: dict[Call, set[bool]] = {}
    for name, register in traffic.registers.items():
        ops = register.effects()
        for op in ops:
            if op.call.start < cut < op.call.end and (before := earlier(register, ops, op)) is not None:
                halves.setdefault(op.call, set()).add(observed[name] != before)
    for call, seen in halves.items():
        round_.expect(len(seen) == 1, f"cut at {cut}: half of {call.text!r} was done")


def earlier(register: Register, ops: list[Op], op: Op) -> str | None:
    """The state before an operation that changes it."""
    before = ops[ops.index(op) - 1].state
    return before if before != op.state and not register.may_vanish else None
