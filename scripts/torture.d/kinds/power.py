"""Kills the server at any moment of mixed traffic, restarts it, and looks for what was lost, stale, torn or half done."""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

import appendonly
import survivors
import waiting
from context import Context, Round
from oracle import Call, Survival
from server import Server
from traffic import SIZES, TIERS, Traffic, tables

ROUNDS = 200
QUICK = 5
SABOTAGE = "the last bytes of the append-only file are removed although every write was acknowledged"

MOMENTS = ("rewrite", "sweep", "load", "complete", "random", "save")
MODES = ("always", "everysec", "rdb", "always-commands", "always", "everysec-commands")
DISK_SECONDS = 2.0  # what `appendfsync everysec` may lose when the machine fails
MARGIN = 0.25  # between a sample of the file's size and the disk


@dataclass
class Plan:
    """The choices of a round."""

    mode: str
    moment: str
    declared: bool  # tiers are in the configuration, not set by command

    @property
    def append_only(self) -> bool:
        return self.mode != "rdb"

    @property
    def preamble(self) -> bool:
        return not self.mode.endswith("-commands")

    def options(self, data: Path) -> tuple:
        options = ("--assess.data-dir", data, "--auto-aof-rewrite-percentage", 0)
        if self.append_only:
            options += ("--appendonly", "yes", "--appendfsync", self.mode.removesuffix("-commands"),
                        "--aof-use-rdb-preamble", "yes" if self.preamble else "no")
        return options

    def arguments(self) -> tuple:
        if not self.declared:
            return ()
        return tuple(word for name, policy in TIERS.items() for word in ("TIER", name, *policy))


@dataclass
class Recorder:
    """What the round knows of files: the times at which they were made, and the size of the append-only file."""

    windows: list[tuple[float, float]] = field(default_factory=list)
    saved: float = -math.inf  # a save that began then has ended well
    forked: float = -math.inf  # the last save, ended or not, has nothing of what began after this
    sizes: list[tuple[float, str, int]] = field(default_factory=list)


def run(context: Context) -> None:
    data = tables(context.folder)
    context.each(lambda round_: one_round(round_, data))


def one_round(round_: Round, data: Path) -> None:
    mode = "always" if round_.sabotage else MODES[round_.number % len(MODES)]
    moments = [moment for moment in MOMENTS if mode == "rdb" or moment != "save"]
    moment = "random" if round_.sabotage else moments[round_.random.randrange(len(moments))]
    plan = Plan(mode, moment, mode.endswith("-commands") or round_.random.random() < 0.5)
    server = round_.server(*plan.options(data), arguments=plan.arguments())
    traffic = Traffic(server, f"{round_.seed}/{round_.number}", bulk=4000 if moment == "sweep" else 0, everything=moment != "sweep")
    recorder = Recorder()
    traffic.prepare(not plan.declared, ticking=True)
    traffic.start()
    failed = drive(round_, plan, server, traffic, recorder)
    traffic.join()
    for fault in traffic.faults:
        round_.finding(f"before the failure: {fault}")
    round_.count("writes", traffic.calls)
    floor = lose_bytes(round_, plan, server, recorder, failed)
    survival = Survival(
        floor=recorder.saved if plan.mode == "rdb" else floor,
        ceiling=recorder.forked if plan.mode == "rdb" else math.inf,
        windows=recorder.windows,
        bans_saved=plan.preamble,
        bans_lost=not plan.preamble,
    )
    restart(round_, server)
    if plan.mode == "rdb" and recorder.saved == recorder.forked == -math.inf:
        round_.expect(server.call("DBSIZE") == 0, "keys without a file")
        return
    survivors.check(round_, server, traffic, survival)
    survivors.schedule(round_, server, traffic, survival)
    survivors.settle(server)
    survivors.agree(round_, server, not plan.preamble, traffic.registers)
    same_again(round_, plan, server)
    survivors.tokens(round_, server, traffic)
    survivors.invalidate_all(round_, server, TIERS)


def drive(round_: Round, plan: Plan, server: Server, traffic: Traffic, recorder: Recorder) -> float:
    """Waits for enough traffic, saves and rewrites in it, and kills the server at the chosen moment. Returns that time."""
    random = round_.random
    enough = random.randrange(150, 900)
    # The second that may be lost has to be less than all.
    lasts = time.monotonic() + (DISK_SECONDS + 1 if plan.mode.startswith("everysec") else 0)
    busy_until = 0.0
    while traffic.calls < enough or time.monotonic() < lasts:
        sample(server, recorder)
        if traffic.faults or not server.alive():
            break
        if time.monotonic() > busy_until and random.random() < 0.02 and plan.moment in ("rewrite", "save", "random"):
            begin_file(server, plan, recorder)
            busy_until = time.monotonic() + 0.3
        end_file(server, plan, recorder)
        traffic.stopped.wait(0.02)
    if plan.mode == "rdb" and recorder.saved == -math.inf and random.random() < 0.9:
        begin_file(server, plan, recorder)
        waiting.until(lambda: end_file(server, plan, recorder), "a save does not end")
        more = traffic.calls + 100
        waiting.until(lambda: traffic.calls > more or traffic.faults, "no more traffic")
    delay = moment(round_, plan, server, traffic, recorder)
    time.sleep(delay * random.random())  # the failure is at a random time, not after an event
    failed = time.monotonic()
    server.kill()
    return failed


def moment(round_: Round, plan: Plan, server: Server, traffic: Traffic, recorder: Recorder) -> float:
    """Begins what the failure interrupts; how many seconds after that it comes at the latest."""
    name = plan.moment
    if name in ("rewrite", "save"):
        begin_file(server, plan, recorder)
        return 0.1
    if name == "sweep":
        bulk = traffic.family("bulk:")
        call = Call(time.monotonic(), "CACHE.INVALIDATE TIER bulk ASYNC")
        for register in bulk:
            register.append(call, None, invalidates=True)
        server.call("CACHE.INVALIDATE", "TIER", "bulk", "ASYNC")
        call.end = time.monotonic()
        for register in round_.random.sample(bulk, 3):
            call = Call(time.monotonic(), f"SET {register.name} again")
            register.append(call, "again")
            server.call("SET", register.name, "again", "EX", 36000)
            call.end = call.swept = time.monotonic()
        if round_.random.random() < 0.3:
            begin_file(server, plan, recorder)
        return 0.02
    if name == "load":
        # Refused when the modeller loads it at this moment; then that load is interrupted.
        nodes = str(round_.random.choice(SIZES))
        traffic.registers["big"].append(Call(time.monotonic(), f"MODEL.LOAD big IO FILE {nodes}.csv"), nodes)
        with server.socket() as connection:
            connection.sendall(f"MODEL.LOAD big IO FILE {nodes}.csv\r\n".encode())
            waiting.until(lambda: server.admin.info("assess")["assess_loading"], "the load does not begin")
        return 0.4
    if name == "complete":
        traffic.completing.clear()
        traffic.completing.wait(5)
        return 0.002
    return 0.2


def begin_file(server: Server, plan: Plan, recorder: Recorder) -> None:
    """Starts a save or a rewrite. Where there is an append-only file, a save is of no importance."""
    begun = time.monotonic()
    try:
        server.call("BGREWRITEAOF" if plan.append_only else "BGSAVE")
    except redis.ResponseError as error:
        if "already in progress" in str(error):
            return
        raise
    recorder.windows.append((begun, time.monotonic()))
    recorder.forked = time.monotonic()


def end_file(server: Server, plan: Plan, recorder: Recorder) -> bool:
    """Notes that a save has ended; whether none runs."""
    if plan.append_only or not recorder.windows:
        return True
    info = server.admin.info("persistence")
    if info["rdb_bgsave_in_progress"]:
        return False
    if info["rdb_last_bgsave_status"] != "ok":
        raise AssertionError("a save failed")
    recorder.saved = recorder.windows[-1][0]
    return True


def sample(server: Server, recorder: Recorder) -> None:
    try:
        file = appendonly.increment(server.folder)
        if file:
            recorder.sizes.append((time.monotonic(), file.name, file.stat().st_size))
    except (FileNotFoundError, IndexError):
        pass  # a rewrite replaces the files


def lose_bytes(round_: Round, plan: Plan, server: Server, recorder: Recorder, failed: float) -> float:
    """A kill loses nothing that was written to the file; a failure of the machine loses what was not yet on the disk. Cuts
    the file to a random size that it had since. Returns the time before which nothing may be lost."""
    file = appendonly.increment(server.folder) if plan.append_only else None
    if round_.sabotage and file:
        content = file.read_bytes()
        file.write_bytes(content[:-3000])
        return math.inf
    if not file or not plan.mode.startswith("everysec") or round_.random.random() < 0.3:
        return math.inf if plan.mode.startswith("always") else failed - DISK_SECONDS
    kept = [size for at, name, size in recorder.sizes if name == file.name and at < failed - DISK_SECONDS - MARGIN]
    size = round_.random.randint(max(kept, default=0), file.stat().st_size)
    round_.count("bytes lost", file.stat().st_size - size)
    with file.open("r+b") as opened:
        opened.truncate(size)
    return failed - DISK_SECONDS - MARGIN


def restart(round_: Round, server: Server) -> None:
    """Starts again; sometimes the power fails while the server loads, too."""
    if round_.random.random() < 0.3:
        server.launch()
        time.sleep(round_.random.random() * 0.3)
        server.kill()
        round_.count("kills")
    server.restart()
    round_.count("kills")


def same_again(round_: Round, plan: Plan, server: Server) -> None:
    """A reload, or another failure, changes nothing."""
    survivors.remove_staging(server)
    digest = server.call("DEBUG", "DIGEST")
    how = round_.random.choice(("reload", "kill") if plan.append_only else ("reload",))
    if how == "reload":
        server.call("DEBUG", "RELOAD")
    else:
        # With everysec the server puts a write off while an earlier one is being synchronised: it would be lost, as documented.
        waiting.until(lambda: not server.admin.info("persistence")["aof_buffer_length"], "the buffer is not written")
        server.kill()
        server.restart()
        round_.count("kills")
    survivors.settle(server)
    after = server.call("DEBUG", "DIGEST")
    round_.expect(after == digest, f"the digest after a {how} is {after}, it was {digest}")
