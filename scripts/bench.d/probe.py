"""A client in a separate process that sends GET repeatedly and records the time of each reply.

Run as `probe.py PORT PERIOD_US [ping]`, which sends PING instead: with a period of 0 in a closed loop, else one request each period (a late request does
not delay the next ones: times count from the moment when a request was due). Reads lines from standard input:
`start COUNT` measures COUNT requests, or at least 64 until `stop` when COUNT is 0; prints one line of nanoseconds, as JSON.
"""

import gc
import json
import select
import socket
import subprocess
import sys
import time
from array import array
from io import RawIOBase

GET = b"*2\r\n$3\r\nGET\r\n$5\r\nprobe\r\n"
PING = b"*1\r\n$4\r\nPING\r\n"
VALUE = b"x" * 100
REPLY_BYTES = {GET: len(b"$100\r\n") + len(VALUE) + 2, PING: len(b"+PONG\r\n")}
LOOK_EVERY = 64  # requests between two checks of standard input


class Probe:
    """The parent's side: starts the process and its measurements."""

    def __init__(self, port: int, per_second: int | None, sends_ping: bool = False):
        period_us = 1_000_000 // per_second if per_second else 0
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(port), str(period_us), *(["ping"] if sends_ping else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()

    def start(self, count: int = 0) -> None:
        """Starts COUNT requests, or requests until `stop`."""
        self._say(f"start {count}")

    def stop(self) -> list[int]:
        """Stops, and returns the nanoseconds of each request."""
        self._say("stop")
        return self.result()

    def result(self) -> list[int]:
        """Waits for the end of the requests."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the probing client ended")
        return json.loads(line)

    def _say(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


def _measure(connection: socket.socket, commands: RawIOBase, request: bytes, period_ns: int, count: int) -> array:
    """Nanoseconds of each request."""
    clock, send, receive = time.perf_counter_ns, connection.sendall, connection.recv
    reply_bytes = REPLY_BYTES[request]
    taken = array("Q")
    due = clock()
    while count == 0 or len(taken) < count:
        if count == 0 and taken and len(taken) % LOOK_EVERY == 0 and select.select([commands], [], [], 0)[0]:
            commands.readline()
            break
        begin = clock()
        if period_ns:
            due += period_ns
            if due > begin:
                time.sleep((due - begin) / 1e9)
                begin = clock()  # waking up late is a delay of this process, not of the server
            else:
                begin = due  # the previous reply was late, so this request waited as well
        send(request)
        got = len(receive(4096))
        while got < reply_bytes:
            got += len(receive(4096))
        taken.append(clock() - begin)
    return taken


def main() -> None:
    port, period_us = map(int, sys.argv[1:3])
    request = PING if "ping" in sys.argv[3:] else GET
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    gc.disable()
    # Unbuffered: select() does not see a line that Python has buffered, and the client would never stop.
    commands = open(0, "rb", buffering=0)
    for line in iter(commands.readline, b""):
        word, *rest = line.decode().split()
        if word == "start":
            taken = _measure(connection, commands, request, period_us * 1000, int(rest[0]))
            print(json.dumps(taken.tolist()), flush=True)


if __name__ == "__main__":
    main()
