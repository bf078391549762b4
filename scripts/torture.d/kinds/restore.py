"""RESTORE of damaged payloads of every native type, with a right checksum: refused, or a value that works."""

import contents
import waiting
import watch
from contents import ENTRIES, MODELS, QUEUES
from damage import damaged
from payload import HEAD, NUMBER, body_and_version, sealed, taken_apart
from wire import Error

ROUNDS = 10_000  # payloads of each type
QUICK = 250
SABOTAGE = "what is dumped and restored again is another value"

# The address space of a server: a length that is trusted ends it. What a payload expands to is far below.
ADDRESS_SPACE = 2 << 30
# The memory that one payload may make the server touch. LZF within LZ4 expands a payload of 100 kB to as much at most.
MOST_BYTES = 256 << 20

# How a model begins that is being received. No master sends more of it, so the server removes it.
RECEIVING = bytes([NUMBER, 2])

USES = {MODELS: watch.use_model, ENTRIES: watch.use_entry, QUEUES: watch.use_queue}
KEYS = {MODELS: "io:damaged", ENTRIES: "plain:damaged", QUEUES: "queue:damaged"}
NAMES = {MODELS: "models", ENTRIES: "entries", QUEUES: "queues"}
RELOAD_EVERY = 100  # rounds; the damaged values are saved and loaded


def run(context):
    Torture(context).run()


class Torture:
    def __init__(self, context):
        self.context, self.server, self.client = context, None, None
        self.originals = {}

    def run(self):
        self.begin()
        self.context.each(self.round)
        if not self.context.outcome.figures.get("accepted models"):
            self.context.finding("every payload was refused: the damage does not reach the module's checks")

    def begin(self):
        """A server with the contents, and the payloads of all of them."""
        prefix = () if waiting.SLOW else ("prlimit", f"--as={ADDRESS_SPACE}")
        self.server = self.context.server("--assess.default-wait-ms", 60_000, "--save", "", prefix=prefix)
        self.client = watch.Careful(self.server.socket())
        names = contents.fill(self.client.good)
        for kind, dumps in contents.payloads(self.client.good, names).items():
            bodies = {name: body_and_version(payload) for name, payload in dumps.items()}
            self.originals[kind] = [
                (name, body, version, taken_apart(body)) for name, (body, version) in bodies.items()
            ]
        self.memory = watch.Memory(self.server.pid)
        self.before = self.memory.peak()

    def round(self, round_):
        if not self.server.alive():
            self.begin()
        for kind, originals in self.originals.items():
            name, body, version, value = round_.random.choice(originals)
            how, broken = damaged(round_.random, body, value, round_.random.choice(originals)[3])
            payload = sealed(broken, version)
            try:
                self.restore(round_, kind, payload)
            except Exception as error:
                file = round_.folder / f"{kind}.payload"
                file.write_bytes(payload)
                round_.finding(f"{kind}, {name}, {how}, payload in {file.name}: {type(error).__name__}: {error}")
                self.reconnect()
        if round_.number % RELOAD_EVERY == RELOAD_EVERY - 1 and self.server.alive():
            self.reload(round_)

    def restore(self, round_, kind, payload):
        key = KEYS[kind]
        round_.count("bytes", len(payload))
        reply = self.client.call("RESTORE", key, 0, payload, "REPLACE")
        if isinstance(reply, Error):
            round_.count("refused")
            if reply.code not in ("ERR", "BUSYKEY"):
                raise watch.Wrong(f"RESTORE replied {reply}")
        else:
            round_.count(f"accepted {NAMES[kind]}")
            if not watch.survives_a_transfer(
                self.client, key, f"{key}:copy", "io:full" if self.context.sabotage else None
            ):
                if payload[HEAD : HEAD + 2] != RECEIVING:
                    raise watch.Wrong("RESTORE replied OK, and there is no key")
                return
            USES[kind](self.client, key)
            for words in (
                ("MEMORY", "USAGE", key),
                ("COPY", key, f"{key}:copied", "REPLACE"),
                ("DEBUG", "DIGEST-VALUE", key),
            ):
                self.client.checked(*words)
            watch.survives_a_transfer(self.client, key, f"{key}:copy")
        if panics := self.client.integer("panics"):
            raise watch.Wrong(f"assess_panics is {panics}: see the log")
        if (peak := self.memory.peak()) > self.before + MOST_BYTES and not waiting.SLOW:
            raise watch.Wrong(f"{len(payload)} bytes made the server touch {peak - self.before} bytes")

    def reload(self, round_):
        """Saves and loads all values."""
        self.client.good("DEBUG", "RELOAD")
        errors = self.client.integer("replay_errors")
        round_.expect(errors == 0, f"assess_replay_errors is {errors}: see the log")

    def reconnect(self):
        """A connection after a finding: replies may be outstanding."""
        self.client.close()
        if self.server.alive():
            self.client = watch.Careful(self.server.socket())
