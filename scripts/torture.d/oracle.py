"""What may be left after a failure.

Clients record what they do to *registers*: a register is a key, a model or a job that has one state at a time. Each call has
the times at which it was sent and answered. After the failure one state of each register is observed, and judged: is there
an order of all calls, in which those that had to survive did, that ends in the observed states?
"""

import math
from dataclasses import dataclass, field

NEVER = math.inf


@dataclass(eq=False)
class Call:
    """One command. `end` is when its reply came: never, if it did not. An invalidation has deleted everything at `swept`."""

    start: float
    text: str
    end: float = NEVER
    swept: float = NEVER
    refused: bool = False


@dataclass(eq=False)
class Op:
    """The effect of a call on one register: the state afterwards; None is absent."""

    call: Call
    state: str | None
    invalidates: bool = False


@dataclass(eq=False)
class Register:
    """`may_vanish`: the server may delete the key by itself, as entries of a tier with a capacity. `ordered`: the calls happened
    in the order of `ops`, although the times of a call that waited say less."""

    name: str
    kind: str
    may_vanish: bool = False
    ordered: bool = False
    ops: list[Op] = field(default_factory=lambda: [Op(Call(-math.inf, "nothing", -math.inf, -math.inf), None)])

    def append(self, call: Call, state: str | None, invalidates: bool = False) -> None:
        self.ops.append(Op(call, state, invalidates))

    def effects(self) -> list[Op]:
        """Operations that the server did not refuse."""
        return [op for op in self.ops if not op.call.refused]

    def follows(self, later: Op, earlier: Op) -> bool:
        """Whether one certainly took effect after the other."""
        if self.ordered:
            return self.ops.index(later) > self.ops.index(earlier)
        return later.call.start > earlier.call.end


@dataclass
class Survival:
    """What is promised. Calls answered before `floor` must have survived, those sent after `ceiling` cannot have. `windows`
    are the times at which files were made of the data set: if a file holds pending invalidations (`bans_saved`), an entry
    that was written during one may be lost; if it does not (`bans_lost`), what was covered may be back."""

    floor: float = NEVER
    ceiling: float = NEVER
    windows: list[tuple[float, float]] = field(default_factory=list)
    bans_saved: bool = False
    bans_lost: bool = False

    def during_ban(self, ops: list[Op]) -> float:
        """The end of the last window that met a pending invalidation among these, or -infinity."""
        bans = [op.call for op in ops if op.invalidates]
        return max((end for begin, end in self.windows for ban in bans if ban.start <= end and ban.swept >= begin), default=-math.inf)


@dataclass
class Verdict:
    """`fault` is None when the state is right. `op` is the operation that made the state, if that is certain."""

    fault: str | None = None
    op: Op | None = None
    excused: bool = False


def judge(register: Register, observed: str | None, survival: Survival) -> Verdict:
    ops = register.effects()
    makers = [op for op in ops if op.state == observed]
    if observed is None and register.may_vanish:
        return Verdict()
    if not makers:
        return Verdict(f"{register.name} has a state that no command gave it: {observed!r}")
    makers.sort(key=lambda op: op.call.end)
    early = [op for op in makers if op.call.start <= survival.ceiling]
    if not early:
        return Verdict(f"{register.name} is {observed!r} by {makers[0].call.text!r}, which began after the file was made")
    maker = early[-1]
    later = [op for op in ops if NEVER > op.call.end <= survival.floor and register.follows(op, maker)]
    if not later:
        return Verdict(op=maker if observed is not None and len(makers) == 1 else None)
    # Something that had to survive came after what is observed.
    last = max(later, key=lambda op: op.call.end)
    met = survival.during_ban(ops)
    if observed is None and survival.bans_saved and all(op.invalidates or op.call.start <= met for op in later):
        return Verdict(excused=True)
    if survival.bans_lost and observed is not None and all(op.invalidates for op in later) and met > -math.inf:
        return Verdict(excused=True)
    how = "stale" if last.invalidates else "lost"
    return Verdict(f"{how}: {register.name} is {observed!r} by {maker.call.text!r}, but {last.call.text!r} came {last.call.start - maker.call.end:.6f} s later "
                   "and was acknowledged")


def torn(registers: dict[str, Register], verdicts: dict[str, Verdict]) -> str | None:
    """What survived must be a prefix: a call that survived, sent after the answer to one that did not, is a tear."""
    first_lost: Op | None = None
    last_kept: Op | None = None
    for name, verdict in verdicts.items():
        if verdict.op is None or verdict.fault:
            continue
        maker = verdict.op
        if last_kept is None or maker.call.start > last_kept.call.start:
            last_kept = maker
        for op in registers[name].effects():
            lost = registers[name].follows(op, maker) and not op.invalidates
            if lost and (first_lost is None or op.call.end < first_lost.call.end):
                first_lost = op
    if first_lost and last_kept and first_lost.call.end < last_kept.call.start:
        return (f"torn: {last_kept.call.text!r} survived and {first_lost.call.text!r} did not, although that was acknowledged "
                f"{last_kept.call.start - first_lost.call.end:.6f} s before the other began")
    return None
