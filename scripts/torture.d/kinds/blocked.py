"""Clients that are killed, reset or unblocked, or whose server changes, in every state in which a client is blocked."""

import random
import re

import waiting
from contents import ROOT
from scene import MODELS, Scene
from states import STATES, State
from watch import Careful, Wrong, check
from wire import Closed, Error, shown

DISTURBANCES = ("kill", "reset", "timeout", "error", "demotion", "delete", "flush", "shutdown")
ROUNDS = 3 * len(STATES) * len(DISTURBANCES)
QUICK = 16  # other states with each seed
# With CLUSTER these wait for other nodes; the server here is alone. tests/server/cluster has their waits.
CLUSTER_SITE = "cluster/ask.rs"
CLUSTER_COMMANDS = {"CACHE.HEALTH", "CACHE.STATS", "TIER.DEL", "TIER.SET"}
SABOTAGE = "a command is sent twice, and has two replies"

# Sites of these calls that no user reaches.
HOOKS = "commands/test_hooks.rs"
ATTEMPTS = 5  # each with more work for what holds the client
MEET = 0.3
MOST_GROWTH = 4 << 20  # of memory over all rounds


def run(context):
    Torture(context).run()


class Torture:
    def __init__(self, context):
        self.context = context
        self.scene = Scene(context)
        self.scene.begin()
        # Takes seconds, and a few rounds would show nothing.
        self.is_short = context.quick or waiting.SLOW
        self.before = None if self.is_short else self.memory()

    def run(self):
        self.check_list()
        self.context.each(self.round)
        if self.before:
            self.check_memory()

    def check_list(self):
        """Every call that blocks a client, and every command that may block, is in the list of states."""
        listed = {state.site for state in STATES.values()}
        calls = [path for path in (ROOT / "src").rglob("*.rs") if re.search(r"Blocked::block(_for)?\(", path.read_text())]
        found = {str(path.relative_to(ROOT / "src")) for path in calls} - {HOOKS, CLUSTER_SITE}
        commands = {state.words[0] for state in STATES.values()} | CLUSTER_COMMANDS
        names = [name.decode() for name in self.scene.admin.good("COMMAND", "LIST", "FILTERBY", "MODULE", "assess")]
        infos = self.scene.admin.good("COMMAND", "INFO", *names)
        blocking = {name.upper() for name, info in zip(names, infos, strict=True) if "blocking" in info[2]}
        for what, one, other in (
            ("sites in src", found, listed),
            ("commands with the flag blocking", blocking, commands),
        ):
            if one != other:
                self.context.finding(f"{what}: not in the list of states: {one - other}, only there: {other - one}")

    def round(self, round_):
        name, how = chosen(self.context.seed, round_.number)
        state = STATES[name]
        if how in ("delete", "flush") and not state.deletes:
            how = "kill"
        try:
            self.disturb(round_, name, state, how)
            self.scene.end_round()
            self.scene.quiet()
        except Exception as error:
            round_.finding(f"{name}, {how}: {type(error).__name__}: {error}")
            self.again()
        if self.scene.server.alive() and (panics := self.scene.admin.integer("panics")):
            round_.finding(f"{name}, {how}: assess_panics is {panics}")
            self.again()

    def disturb(self, round_, name, state, how):
        self.scene.need(state.needs)
        for attempt in range(ATTEMPTS):
            self.scene.size = 2**attempt
            victim = Victim(self.scene, round_)
            if victim.is_blocked_by(state):
                break
            self.scene.end_round()
            self.scene.quiet()
            self.scene.need(state.needs)
        else:
            if state.passes:
                round_.count("states not seen")
                return
            raise Wrong("the client was answered before it could be disturbed")
        round_.count(how)
        # Sometimes the normal end of the wait and the disturbance meet.
        self.meet = round_.random.random() < MEET
        if self.meet:
            state.ended(self.scene)
        getattr(self, how)(victim, state)
        if self.scene.server.alive() and self.scene.admin.call("PING") != "PONG":
            raise Wrong("another client is not served")

    # --- the disturbances; each reads what the client gets ---

    def kill(self, victim, state):
        self.scene.admin.call("CLIENT", "KILL", "ID", victim.id)
        victim.ends(state, may_close=True)
        state.ended(self.scene)

    def reset(self, victim, state):
        victim.reset()
        waiting.until(lambda: victim.line() is None, "the server has noticed that the client has disconnected")
        state.ended(self.scene)

    def timeout(self, victim, state):
        self.unblock(victim, state, "TIMEOUT")

    def error(self, victim, state):
        self.unblock(victim, state, "ERROR")

    def unblock(self, victim, state, how):
        unblocked = self.scene.admin.good("CLIENT", "UNBLOCK", victim.id, how)
        if not unblocked:
            state.ended(self.scene)
        reply = victim.ends(state)
        if unblocked and how == "ERROR" and not (isinstance(reply, Error) and reply.code == "UNBLOCKED"):
            raise Wrong(f"CLIENT UNBLOCK ERROR replied 1, the client got {reply!r}")
        if unblocked:
            state.ended(self.scene)

    def demotion(self, victim, state):
        self.scene.admin.good("REPLICAOF", "127.0.0.1", 1)
        reply = victim.ends(state, may_close=True)
        if isinstance(reply, Error) and reply.code != "UNBLOCKED" and not self.meet:
            raise Wrong(f"after a demotion the client got {reply!r}")
        self.scene.admin.good("REPLICAOF", "NO", "ONE")
        state.ended(self.scene)

    def delete(self, victim, state):
        self.scene.admin.good("DEL", state.key)
        state.ended(self.scene)
        victim.ends(state)

    def flush(self, victim, state):
        self.scene.admin.good("FLUSHALL")
        state.ended(self.scene)
        victim.ends(state)
        self.scene.end_round()
        self.scene.begin()

    def shutdown(self, victim, state):
        self.scene.admin.send("SHUTDOWN", "NOSAVE", "NOW")
        waiting.until(lambda: not self.scene.server.alive(), "the server has ended")
        if code := self.scene.server.process.returncode:
            raise Wrong(f"the server ended with {code}")
        victim.ends(state, may_close=True)
        self.again()

    def again(self):
        """After the end of the server, or a finding: a new process."""
        self.scene.end_round()
        self.scene.server.kill()
        for folder in self.scene.server.folder.glob("appendonlydir"):
            for file in folder.iterdir():
                file.unlink()
        self.scene.server.restart()
        self.scene.connect()
        self.scene.begin()
        self.before = None if self.is_short else self.memory()

    def memory(self):
        """With all models, in their usual state."""
        self.scene.need(tuple(MODELS))
        return self.scene.admin.integer("used_memory", "memory")

    def check_memory(self):
        self.scene.admin.good("FLUSHALL", "SYNC")
        self.scene.begin()
        growth = self.memory() - self.before
        self.context.count("kB growth of memory", growth // 1024)
        if growth > MOST_GROWTH:
            self.context.finding(f"memory has grown by {growth} bytes since the last start of the server")


def chosen(seed, number):
    """Each pass has every state once; as many passes as there are disturbances have every pair once."""
    names, turn, at = list(STATES), number // len(STATES), number % len(STATES)
    random.Random(f"{seed}/{turn}").shuffle(names)
    order = list(DISTURBANCES)
    random.Random(f"{seed}/{names[at]}").shuffle(order)
    return names[at], order[turn % len(order)]


class Victim(Careful):
    """The client that is disturbed. An ECHO after its command shows that the command has exactly one reply."""

    def __init__(self, scene, round_):
        super().__init__(scene.server.socket())
        self.scene, self.round = scene, round_
        self.id = self.good("CLIENT", "ID")
        self.mark = f"end-{round_.number}"

    def is_blocked_by(self, state: State) -> bool:
        """Sends the command, and waits until the server has blocked the client; False when it was answered instead."""
        state.hold(self.scene)
        for _ in range(2 if self.scene.context.sabotage else 1):
            self.send(*state.words)
        name = state.words[0].lower()

        def blocked_or_answered():
            line = self.line()
            return "blocked" if "b" in line["flags"] else "answered" if line["cmd"] == name else None

        seen = waiting.until(blocked_or_answered, "the command has arrived", poll=0.0005)
        if seen == "blocked":
            # Not before: the server would postpone the command, and CLIENT UNBLOCK of such a client aborts Redis 7.0.
            state.pause(self.scene)
            seen = blocked_or_answered()
        if seen == "answered":
            state.ended(self.scene)
            if isinstance(reply := self.receive(), Error) and not state.passes:
                raise Wrong(f"{shown(state.words)} replied {reply}")
            self.close()
            return False
        self.send("ECHO", self.mark)
        return True

    def line(self) -> dict[str, str] | None:
        """The fields of CLIENT LIST; None when the server does not know the client."""
        text = self.scene.admin.good("CLIENT", "LIST", "ID", self.id).decode().strip()
        return dict(field.split("=", 1) for field in text.split(" ")) if text else None

    def ends(self, state: State, may_close: bool = False) -> object:
        """The only reply of the command; None when the connection was closed instead."""
        try:
            reply = self.receive()
            check(reply, state.words[:2])
            if (echo := self.receive()) != self.mark.encode():
                raise Wrong(f"after {reply!r} came another reply: {echo!r}")
            if self.call("PING") != "PONG":
                raise Wrong("the client cannot go on")
            self.close()
            return reply
        except Closed:
            self.close()
            if not may_close:
                raise Wrong("the connection was closed") from None
            return locals().get("reply")
