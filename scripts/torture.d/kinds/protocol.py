"""Bytes that are no commands, and commands with arguments that no client library sends: an error, and no change."""

import contents
import waiting
from watch import Careful, Wrong, check
from wire import Broken, Closed, Error, shown
from words import Vocabulary, garbage

ROUNDS = 2_000
QUICK = 30
SABOTAGE = "a command that replies an error changes the data"
COMMANDS, GARBAGE = 50, 5  # of a round
CRASHES = ("ASSESS.PANIC", "ASSESS.SABOTAGE", "ASSESS.AUDIT")  # of modules that are built with test hooks
PATIENCE = 0.3  # seconds until it is looked whether a client is blocked
STILL = ("pending", "blocked", "running", "backlog", "loading", "cache_sweeps", "jobs_by_module")
MOST_BYTES = 512 << 20
SECRET = "root:x:"  # of a file outside of assess.data-dir


def run(context):
    Torture(context).run()


class Torture:
    def __init__(self, context):
        self.context = context
        tables = context.folder / "tables"
        tables.mkdir()
        (tables / "mini.csv").write_text(contents.table())
        self.server = context.server(
            "--assess.data-dir", tables, "--assess.default-wait-ms", 1000, "--assess.max-payload", "1mb"
        )
        self.admin = Careful(self.server.socket())
        self.names = contents.fill(self.admin.good)
        self.payloads = {name: self.admin.good("DUMP", name) for names in self.names.values() for name in names}
        self.commands = self.vocabulary()
        self.memory = None

    def vocabulary(self):
        names = sorted(
            name.decode().upper() for name in self.admin.good("COMMAND", "LIST", "FILTERBY", "MODULE", "assess")
        )
        names = [name for name in names if name not in CRASHES]
        docs = {
            contents.text(name).upper(): docs
            for name, docs in contents.fields(self.admin.good("COMMAND", "DOCS", *names)).items()
        }
        return [Vocabulary(name, docs[name]) for name in names]

    def run(self):
        self.context.each(self.round)
        sent = {name for name, number in self.context.outcome.figures.items() if number}
        self.context.count("commands of the module", len(self.commands))
        for kind in ("errors", "good replies"):
            if kind not in sent:
                self.context.finding(f"no {kind}: the commands do not reach what they test")

    def round(self, round_):
        self.restore()
        for _ in range(GARBAGE):
            self.garbage(round_)
        client, protocol = self.client(round_)
        digest = None
        for turn in range(round_.number * COMMANDS, (round_.number + 1) * COMMANDS):
            words = self.commands[turn % len(self.commands)].command(round_.random)
            how = round_.random.choice((self.plain, self.plain, self.plain, self.transaction, self.script))
            before = digest or self.digest()
            try:
                reply = how(client, words)
                self.judge(reply, words)
            except Exception as error:
                round_.finding(f"{how.__name__}, RESP{protocol}, {shown(words)}: {type(error).__name__}: {error}")
                client.close()
                client, protocol = self.client(round_)
                digest = None
                continue
            failed = isinstance(reply, Error)
            round_.count("errors" if failed else "good replies")
            digest = self.digest() if failed else None
            if failed and digest != before and how is not self.transaction and self.changes_again(client, how, words):
                round_.finding(f"{how.__name__}: {shown(words)} replied {reply}, and the data have changed")
        client.close()
        self.health(round_)

    # --- the ways to send a command ---

    def plain(self, client, words):
        client.send(*words)
        reply = self.reply(client)
        if self.context.sabotage and words[0] == "JOB.CANCEL" and isinstance(reply, Error):
            self.admin.good("RPUSH", "a-list", 1)
        return reply

    def transaction(self, client, words):
        """The digests before and after are taken in the transaction: nothing else can change the data."""
        replies = client.pipeline([("MULTI",), ("DEBUG", "DIGEST"), words, ("DEBUG", "DIGEST"), ("EXEC",)])
        if isinstance(replies[2], Error):  # refused before it was queued
            return replies[2]
        if isinstance(replies[-1], Error):
            raise Wrong(f"EXEC replied {replies[-1]}")
        before, reply, after = replies[-1]
        if isinstance(reply, Error) and before != after:
            raise Wrong(f"replied {reply}, and the data have changed")
        return reply

    def script(self, client, words):
        client.send("EVAL", "return redis.pcall(unpack(ARGV))", 0, *words)
        return self.reply(client)

    def reply(self, client):
        """The reply; a client that waits as it asked to is unblocked."""
        client.socket.settimeout(PATIENCE)
        try:
            return client.receive()
        except TimeoutError:
            pass
        finally:
            client.socket.settimeout(waiting.SECONDS)
        self.admin.call("CLIENT", "UNBLOCK", client.id)
        try:
            return client.receive()
        except TimeoutError:
            raise Wrong("no reply, also not after CLIENT UNBLOCK") from None

    def client(self, round_):
        client = Careful(self.server.socket())
        protocol = round_.random.choice((2, 3))
        client.good("HELLO", protocol)
        client.id = client.good("CLIENT", "ID")
        return client, protocol

    # --- what is checked ---

    def judge(self, reply, words):
        if isinstance(reply, Error):
            if fault := reply.fault():
                raise Wrong(fault)
            if SECRET in reply or len(reply) > 2000:
                raise Wrong(f"an error with bytes of a file or of a request: {reply[:300]!r}")
        check(reply, tuple(words))

    def digest(self):
        return self.admin.good("DEBUG", "DIGEST")

    def still(self):
        """A digest when nothing works in the background."""
        waiting.until(lambda: not any(self.admin.integer(gauge) for gauge in STILL), "no work in the background")
        return self.digest()

    def changes_again(self, client, how, words):
        """Whether the command changes the data again: earlier commands store their results after their replies."""
        for _ in range(3):
            before = self.still()
            reply = how(client, words)
            if not isinstance(reply, Error) or self.still() == before:
                return False
        return True

    def garbage(self, round_):
        data = garbage(round_.random, [vocabulary.name for vocabulary in self.commands if "." in vocabulary.name])
        client = Careful(self.server.socket())
        try:
            client.raw(data)
            if round_.random.random() < 0.5:
                client.socket.settimeout(0.01)
                client.receive()
        except (Broken, Closed, TimeoutError):
            pass
        round_.count("bytes of garbage", len(data))
        client.reset() if round_.random.random() < 0.5 else client.close()
        if self.admin.call("PING") != "PONG":
            raise Wrong("another client is not served")

    def health(self, round_):
        if panics := self.admin.integer("panics"):
            round_.finding(f"assess_panics is {panics}")
        used = self.admin.integer("used_memory", "memory")
        self.memory = self.memory or used
        round_.expect(used < self.memory + MOST_BYTES, f"memory has grown from {self.memory} to {used} bytes")

    def restore(self):
        """The data as they were before the first round, and none of other rounds."""
        self.admin.good("FLUSHALL")
        for name in self.admin.good("TIER.LIST"):
            self.admin.good("TIER.DEL", name)
        self.admin.good("TIER.SET", "packed", "PATTERN", "packed:*", "TTL", 3600, "COMPRESS", 100)
        self.admin.good("TIER.SET", "plain", "PATTERN", "plain:*", "TTL", 3600, "GRACE", 60)
        for name, payload in self.payloads.items():
            self.admin.good("RESTORE", name, 0, payload)
        self.admin.pipeline([("SET", "a-string", "v"), ("RPUSH", "a-list", 1), ("HSET", "a-hash", "f", "v")])
