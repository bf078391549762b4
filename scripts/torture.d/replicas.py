"""A master and its replicas: a link that can be cut or slow, waits until they are in sync, and what must be equal then."""

import socket
import threading
import time
from collections.abc import Callable

import redis

import waiting
from context import Round
from server import Server

# What a client of a server sees that is being replaced, or loads a data set.
AWAY = (redis.ConnectionError, redis.TimeoutError, OSError)
BURST_SECONDS = 0.05


class Link:
    """A TCP proxy in front of a server: what a replica takes for its master. It can be cut, fall silent, or be slow."""

    def __init__(self, target: Server, rate: float = 0):
        """`rate`: bytes a second to each client; 0 is no limit."""
        self.target, self.rate = target, rate
        self.open = threading.Event()
        self.flows = threading.Event()
        self.ended = False
        self.open.set()
        self.flows.set()
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends all connections, and accepts none until `mend`."""
        self.open.clear()
        self._reset()

    def silence(self) -> None:
        """A partition as a network makes it: connections stay open, and nothing arrives."""
        self.open.clear()
        self.flows.clear()

    def mend(self) -> None:
        self._reset()
        self.flows.set()
        self.open.set()

    def end(self) -> None:
        self.ended = True
        self.open.clear()
        self._reset()
        self.flows.set()
        self.listener.close()

    def _reset(self) -> None:
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            shut(*pair)

    def _accept(self) -> None:
        while not self.ended:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if not self.open.is_set():
                client.close()
                continue
            try:
                if self.rate:
                    # Otherwise megabytes are under way in the kernel.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
                server = socket.socket()
                if self.rate:
                    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
                server.connect(("127.0.0.1", self.target.port))
            except OSError:
                client.close()
                continue
            self.pairs.append((client, server))
            for source, sink, rate in ((client, server, 0), (server, client, self.rate)):
                threading.Thread(target=self._pump, args=(source, sink, rate), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, rate: float) -> None:
        size = int(min(1 << 20, rate * BURST_SECONDS)) if rate else 1 << 20
        try:
            while data := source.recv(size):
                while not self.flows.wait(1) and not self.ended:
                    pass
                sink.sendall(data)
                if rate:
                    time.sleep(len(data) / rate)
        except OSError:
            pass
        shut(source, sink)


def shut(*connections: socket.socket) -> None:
    for connection in connections:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side has ended it


class Repeated:
    """Calls a function in a thread of its own until the end. An exception is a fault."""

    def __init__(self, function: Callable[[], None], seconds: float):
        self.function, self.seconds = function, seconds
        self.faults: list[str] = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Repeated":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join(waiting.SECONDS)

    def _run(self) -> None:
        try:
            while not self.stopped.wait(self.seconds):
                self.function()
        except Exception as error:  # noqa: BLE001 a fault of the server or of this test
            self.faults.append(f"{type(error).__name__}: {error}")


def is_linked(replica: Server) -> bool:
    return replica.admin.info("replication").get("master_link_status") == "up"


def await_link(replica: Server, seconds: float = waiting.SECONDS) -> None:
    waiting.until(lambda: is_linked(replica), "the replica is not in sync", seconds)


def await_sync(master: Server, replica: Server, seconds: float = waiting.SECONDS) -> None:
    """Without traffic: the replica has all of the master's stream."""
    def is_there() -> bool:
        try:
            info = replica.admin.info("replication")
            return info.get("master_link_status") == "up" and info["slave_repl_offset"] == master.admin.info("replication")["master_repl_offset"]
        except redis.ResponseError as error:
            if not str(error).startswith("LOADING"):
                raise
            return False
    waiting.until(is_there, "the replica does not reach its master", seconds)


def same_digest(round_: Round, master: Server, *replicas: Server) -> None:
    """DEBUG DIGEST of every server, in which the value of every type of the module has its part."""
    digest = master.call("DEBUG", "DIGEST")
    for replica in replicas:
        other = replica.call("DEBUG", "DIGEST")
        round_.expect(other == digest, f"the digests of master and replica differ: {digest}, {other}")


def healthy(round_: Round, *servers: Server) -> None:
    """No change of the master failed on a replica, and nothing panicked."""
    for server in servers:
        info = server.admin.info("assess")
        for field in ("assess_panics", "assess_replay_errors"):
            round_.expect(info[field] == 0, f"{server.folder.name}: {field} is {info[field]}")
