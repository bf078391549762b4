"""The HTTP server."""

import json
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6
from socketserver import TCPServer
from urllib.parse import parse_qs, urlsplit

from connection import Login
from exposition import CONTENT_TYPE
from scrape import scrape
from targets import Targets

IDLE_SECONDS = 60  # a connection without a request, or with half of one, is closed after this
MOST_SCRAPES = 32
# Prometheus says how long it waits. The reply must be there a little earlier.
TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
EARLIER_SECONDS = 0.5
LEAST_SECONDS = 0.1
INDEX = """redis-assess exporter

/metrics              the only target
/metrics?target=NAME  one of several
/targets              all targets, for http_sd_configs
/healthy              ok
"""


class Exporter(ThreadingHTTPServer):
    """Answers each request in its own thread. The threads do not keep the process from ending."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], targets: Targets, login: Login, queues: Sequence[str], seconds: float):
        if ":" in address[0]:
            self.address_family = AF_INET6
        self.targets, self.login, self.queues, self.seconds = targets, login, queues, seconds
        self.scrapes = threading.BoundedSemaphore(MOST_SCRAPES)
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        # Not that of HTTPServer, which looks up the name of the host: without a name server that takes long.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that closes early is no error of the exporter."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Exporter
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    wbufsize = -1  # headers and body are sent together

    def version_string(self) -> str:
        return "redis-assess-exporter"

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        given = parse_qs(where.query, keep_blank_values=True)
        if where.path == "/metrics":
            self._metrics(given)
        elif where.path == "/targets":
            self._send(200, json.dumps([{"targets": [str(target)], "labels": {}} for target in self.server.targets.all()]), "application/json")
        elif where.path == "/healthy":
            self._send(200, "ok\n")
        elif where.path == "/":
            self._send(200, INDEX)
        else:
            self._send(404, "no such path; / lists them\n")

    do_HEAD = do_GET

    def _refuse(self) -> None:
        self.close_connection = True  # the body was not read
        self._send(405, "GET or HEAD\n", Allow="GET, HEAD")

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse

    def _metrics(self, given: dict[str, list[str]]) -> None:
        names = given.get("target", [None])
        if len(names) != 1 or set(given) - {"target"}:
            self._send(400, "the parameter is target=NAME, once\n")
            return
        target = self.server.targets.find(names[0])
        if target is None:
            # The name is not repeated in the reply: it may be of any bytes.
            code, text = (400, "name one target: /targets lists them\n") if names[0] is None else (403, "no such target: /targets lists them\n")
            self._send(code, text)
            return
        if not self.server.scrapes.acquire(blocking=False):
            self._send(503, f"{MOST_SCRAPES} scrapes are running\n")
            return
        try:
            text = scrape(target, self.server.login, self.server.queues, self._seconds())
        finally:
            self.server.scrapes.release()
        self._send(200, text, CONTENT_TYPE)

    def _seconds(self) -> float:
        try:
            wanted = float(self.headers.get(TIMEOUT_HEADER, "")) - EARLIER_SECONDS
        except ValueError:
            return self.server.seconds
        # Also for `nan`, which is below nothing.
        return max(LEAST_SECONDS, wanted) if wanted < self.server.seconds else self.server.seconds

    def _send(self, code: int, text: str, kind: str = "text/plain; charset=utf-8", **headers: str) -> None:
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, text: str, *values: object) -> None:
        """Requests are not logged; failed scrapes are, by what scrapes."""
