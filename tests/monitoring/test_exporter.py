"""scripts/exporter over HTTP."""

import json
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import world
from connection import Login
from process import ROOT, SECONDS, Exporter, Process, Server, free_port, samples
from web import MOST_SCRAPES

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Silent:
    """A listener that accepts connections and never replies."""

    def __enter__(self) -> "Silent":
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.target = f"127.0.0.1:{self.listener.getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()


class Case(unittest.TestCase):
    def start(self, process: Process) -> Process:
        self.addCleanup(process.stop)
        return process


class Scrapes(Case):
    """What /metrics returns."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = world.master()
        world.traffic(100)
        cls.dead = free_port()
        cls.exporter = Exporter("--target", cls.server.target, "--target", f"127.0.0.1:{cls.dead}", "--target", world.without_module().target,
                                "--queue", "mail", "--queue", 'odd "name"\\')
        cls.addClassCleanup(cls.exporter.stop)

    def test_a_scrape_is_the_text_of_the_module_and_more_families_with_one_end_mark(self):
        status, headers, text = self.exporter.get(f"/metrics?target={self.server.target}")
        self.assertEqual((status, headers["Content-Type"]), (200, OPENMETRICS))
        self.assertTrue(text.endswith("\n# EOF\n"))
        self.assertEqual(text.count("# EOF"), 1)
        names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")]
        self.assertEqual(len(names), len(set(names)), "each family is announced once")
        own = str(self.server.call("CACHE.METRICS")).removesuffix("# EOF")
        announced = [line for line in own.splitlines() if line.startswith("# ")]
        self.assertEqual([line for line in text.splitlines() if line.startswith("# ")][:len(announced)], announced)
        self.assertLessEqual(set(samples(own)), set(samples(text)))

    def test_a_scrape_has_health_memory_replication_and_the_queue(self):
        found = self.exporter.samples(self.server.target)
        for name, value in {
            "assess_up": 1, "assess_health{check=\"leases\"}": 1, "assess_server_memory_limit_bytes": 1 << 30,
            "assess_queue_jobs{queue=\"mail\",state=\"pending\"}": 1, "assess_queue_paused{queue=\"mail\"}": 0,
            r'assess_queue_jobs{queue="odd \"name\"\\",state="pending"}': 0, "assess_models": 1,
        }.items():
            self.assertEqual(found.get(name), value, name)
        self.assertGreater(found["assess_server_memory_bytes"], 0)
        self.assertGreater(found["assess_queue_oldest_waiting_seconds{queue=\"mail\"}"], 0)
        self.assertTrue(any(name.startswith('assess_server_replication{role="master",id="') for name in found))

    def test_a_server_that_cannot_be_read_is_down_with_a_cause(self):
        for target, cause in (f"127.0.0.1:{self.dead}", "connect"), (world.without_module().target, "module"):
            found = self.exporter.samples(target)
            self.assertEqual(found.pop("assess_up"), 0)
            self.assertEqual(found.pop(f'assess_scrape_failure{{cause="{cause}"}}'), 1)
            self.assertEqual(list(found), ["assess_scrape_duration_seconds"])

    def test_a_target_that_was_not_named_is_refused_without_a_connection(self):
        with Silent() as other:
            other.listener.settimeout(0)
            for target in other.target, other.target.replace("127.0.0.1", "localhost"), "", "x", "unix:/etc/passwd", f"{self.server.target}@x":
                with self.subTest(target):
                    status, _, text = self.exporter.get(f"/metrics?target={target}")
                    self.assertEqual((status, text), (403, "no such target: /targets lists them\n"))
            with self.assertRaises(BlockingIOError):
                other.listener.accept()

    def test_a_request_must_name_one_of_several_targets(self):
        for path in "/metrics", f"/metrics?target={self.server.target}&target={self.server.target}", f"/metrics?target={self.server.target}&x=1":
            self.assertEqual(self.exporter.get(path)[0], 400, path)

    def test_other_paths_and_methods(self):
        self.assertEqual(self.exporter.get("/other")[0], 404)
        self.assertEqual(self.exporter.get("/healthy")[2], "ok\n")
        self.assertIn("/metrics", self.exporter.get("/")[2])
        status, headers, body = self.exporter.get(f"/metrics?target={self.server.target}", "HEAD")
        self.assertEqual((status, headers["Content-Type"], body), (200, OPENMETRICS, ""))
        self.assertGreater(int(headers["Content-Length"]), 1000)
        status, headers, _ = self.exporter.get("/metrics", "POST")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))

    def test_the_list_of_targets_is_that_of_http_service_discovery(self):
        found = json.loads(self.exporter.get("/targets")[2])
        self.assertEqual([group["targets"][0] for group in found],
                         [str(self.server.target), f"127.0.0.1:{self.dead}", str(world.without_module().target)])


class Waits(Case):
    """Servers that do not reply."""

    def test_a_silent_server_ends_by_the_timeout_of_prometheus_and_does_not_delay_others(self):
        with Silent() as silent:
            exporter = self.start(Exporter("--target", silent.target, "--target", world.master().target, "--timeout", 300))
            with ThreadPoolExecutor(24) as pool:
                slow = [pool.submit(exporter.get, f"/metrics?target={silent.target}", X_Prometheus_Scrape_Timeout_Seconds="3") for _ in range(8)]
                fast = [pool.submit(exporter.samples, world.master().target) for _ in range(16)]
                self.assertEqual({reply.result()["assess_up"] for reply in fast}, {1})
                for reply in slow:
                    self.assertIn('assess_scrape_failure{cause="timeout"} 1', reply.result()[2])

    def test_the_timeout_of_the_command_line_holds_without_one_of_prometheus(self):
        with Silent() as silent:
            exporter = self.start(Exporter("--target", silent.target, "--timeout", 0.2))
            self.assertEqual(exporter.samples()['assess_scrape_failure{cause="timeout"}'], 1)

    def test_more_scrapes_than_the_limit_are_refused_until_others_end(self):
        with Silent() as silent:
            exporter = self.start(Exporter("--target", silent.target, "--timeout", 300))
            silent.listener.settimeout(SECONDS)
            with ThreadPoolExecutor(MOST_SCRAPES) as pool:
                running = [pool.submit(exporter.get, "/metrics") for _ in range(MOST_SCRAPES)]
                accepted = [silent.listener.accept()[0] for _ in running]
                self.assertEqual(exporter.get("/metrics")[0], 503)
                self.assertEqual(exporter.get("/healthy")[0], 200)
                for connection in accepted:
                    connection.close()
                self.assertEqual({reply.result()[0] for reply in running}, {200})

    def test_sigterm_ends_it_during_a_scrape(self):
        with Silent() as silent:
            exporter = Exporter("--target", silent.target, "--timeout", 300)
            request = threading.Thread(target=lambda: self.assertRaises(OSError, exporter.get, "/metrics"))
            request.start()
            silent.listener.settimeout(SECONDS)
            scrape, _ = silent.listener.accept()  # it has begun, and stays open
            self.addCleanup(scrape.close)
            self.assertLess(SECONDS, 300)
            self.assertEqual(exporter.stop(), 0)  # waits for SECONDS at most, not for the 300 s of the scrape
            request.join()

    def test_what_is_no_redis_is_down(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve() -> None:
            for reply in b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$99999999999\r\n", b"*1\r\n" * 20, b"$5\r\n":
                client, _ = listener.accept()
                client.recv(1 << 16)
                client.sendall(reply)
                client.close()

        threading.Thread(target=serve, daemon=True).start()
        exporter = self.start(Exporter("--target", f"127.0.0.1:{listener.getsockname()[1]}"))
        causes = [next(name for name in exporter.samples() if name.startswith("assess_scrape_failure")) for _ in range(4)]
        self.assertEqual(causes, ['assess_scrape_failure{cause="reply"}'] * 3 + ['assess_scrape_failure{cause="connect"}'])


class Logins(Case):
    """ACL users and TLS."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="assess-monitoring-"))
        self.addCleanup(lambda: subprocess.run(["rm", "-r", self.folder], check=True))

    def locked(self, *rules: str) -> Server:
        """A server whose default user has a password, and a user `monitor` with these rules."""
        server = self.start(Server(login=Login()))
        server.call("ACL", "SETUSER", "monitor", "on", ">secret", "-@all", *rules)
        server.call("ACL", "SETUSER", "default", ">other")
        return server

    def test_a_user_with_the_documented_permissions_reads_everything(self):
        server = self.locked("+cache.metrics", "+cache.health", "+info")
        file = self.folder / "password"
        file.write_text("secret\n")
        by_file = self.start(Exporter("--target", server.target, "--user", "monitor", "--password-file", file))
        by_variable = self.start(Exporter("--target", server.target, "--user", "monitor", REDISCLI_AUTH="secret"))
        by_other = self.start(Exporter("--target", server.target, "--user", "monitor", "--password-env", "OTHER", OTHER="secret"))
        for exporter in by_file, by_variable, by_other:
            found = exporter.samples()
            self.assertEqual(found["assess_up"], 1)
            self.assertIn("assess_server_memory_bytes", found)
            self.assertFalse([name for name in found if name.startswith("assess_scrape_refused")])
        file.write_text("wrong")  # read again at each scrape
        self.assertEqual(by_file.samples()['assess_scrape_failure{cause="auth"}'], 1)
        file.unlink()
        self.assertEqual(by_file.samples()['assess_scrape_failure{cause="password"}'], 1)
        self.assertNotIn("secret", by_file.text() + by_variable.text())
        command = Path(f"/proc/{by_variable.process.pid}/cmdline").read_bytes()
        self.assertNotIn(b"secret", command)

    def test_a_missing_login_and_a_missing_permission_are_causes(self):
        server = self.locked("+info")
        for options, variables, cause in [
            ((), {}, "auth"), (("--user", "monitor"), {"REDISCLI_AUTH": "wrong"}, "auth"), (("--user", "monitor"), {"REDISCLI_AUTH": "secret"}, "permission"),
        ]:
            exporter = self.start(Exporter("--target", server.target, *options, **variables))
            self.assertEqual(exporter.samples().get(f'assess_scrape_failure{{cause="{cause}"}}'), 1, exporter.text())

    def test_a_refused_command_leaves_out_its_metrics_and_is_named(self):
        server = self.locked("+cache.metrics")
        exporter = self.start(Exporter("--target", server.target, "--user", "monitor", "--queue", "q", REDISCLI_AUTH="secret"))
        found = exporter.samples()
        self.assertEqual(found["assess_up"], 1)
        refused = sorted(name for name in found if name.startswith("assess_scrape_refused"))
        self.assertEqual(refused, [f'assess_scrape_refused{{command="{name}"}}' for name in ("CACHE.HEALTH", "INFO", "JOB.INFO")])
        self.assertFalse([name for name in found if name.startswith(("assess_health", "assess_server_", "assess_queue_"))])

    def test_tls_verifies_the_certificate_and_its_name(self):
        if not subprocess.run(["sh", "-c", "command -v openssl"], capture_output=True).stdout:
            self.skipTest("no openssl makes the certificates (Debian: openssl)")
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=cache.test", "-addext",
                        "subjectAltName=DNS:cache.test", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        port = free_port()
        server = self.start(Server("--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate))
        self.assertTrue(server.call("PING"))
        target = f"127.0.0.1:{port}"
        named = ["--target", target, "--tls", "--cacert", certificate, "--cert", certificate, "--key", key]
        for options, expected in [
            ([*named, "--servername", "cache.test"], "assess_up"),
            (named, 'assess_scrape_failure{cause="tls"}'),  # the certificate is of another name
            (["--target", target, "--tls", "--servername", "cache.test"], 'assess_scrape_failure{cause="tls"}'),  # of an unknown authority
        ]:
            exporter = self.start(Exporter(*options))
            self.assertEqual(exporter.samples().get(expected), 1, exporter.text())

    def test_a_unix_socket_is_a_target(self):
        path = self.folder / "socket"
        self.start(Server("--unixsocket", path))
        exporter = self.start(Exporter("--target", f"unix:{path}"))
        self.assertEqual(exporter.samples()["assess_up"], 1)


class Clusters(Case):
    """--cluster."""

    def test_the_nodes_of_a_cluster_are_targets(self):
        ports = [free_port() for _ in range(2)]  # those of the bus: the default could be over 65,535
        nodes = [self.start(Server("--cluster-enabled", "yes", "--cluster-port", port)) for port in ports]
        one, two = nodes
        one.call("CLUSTER", "ADDSLOTSRANGE", 0, 9999)
        two.call("CLUSTER", "ADDSLOTSRANGE", 10000, 16383)
        one.call("CLUSTER", "MEET", "127.0.0.1", two.port, ports[1])
        one.wait_for(lambda: "cluster_known_nodes:2" in str(one.call("CLUSTER", "INFO")) and "cluster_state:ok" in str(one.call("CLUSTER", "INFO")), "no cluster")
        plain = self.start(Exporter("--target", one.target))
        self.assertEqual(plain.get(f"/metrics?target={two.target}")[0], 403)
        exporter = self.start(Exporter("--target", one.target, "--cluster", "--queue", "mail"))
        for node in nodes:
            found = exporter.samples(node.target)
            self.assertEqual(found["assess_up"], 1)
            self.assertFalse([name for name in found if name.startswith("assess_scrape_refused")], "MOVED is no refusal")
        self.assertEqual(sum(any(name.startswith("assess_queue_jobs") for name in exporter.samples(node.target)) for node in nodes), 1)
        self.assertIn(str(two.target), exporter.get("/targets")[2])
        self.assertEqual(exporter.get(f"/metrics?target=127.0.0.1:{free_port()}")[0], 403)


class CommandLine(unittest.TestCase):
    """Options."""

    def run_it(self, *options: object) -> subprocess.CompletedProcess:
        return subprocess.run([ROOT / "scripts/exporter", *map(str, options)], capture_output=True, text=True, timeout=SECONDS)

    def test_help_lists_every_option(self):
        done = self.run_it("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        source = (ROOT / "scripts/exporter.d/__main__.py").read_text()
        for line in source.splitlines():
            if "add_argument(" in line:
                self.assertIn(line.split('"')[1], done.stdout)

    def test_wrong_options_are_refused_on_one_line(self):
        for options in [("--target", "a:70000"), ("--target", "::1:6379"), ("--timeout", "nan"), ("--cacert", "x"), ("--password", "x"), ("x",)]:
            with self.subTest(options):
                done = self.run_it(*options)
                self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), done.stderr)
                self.assertTrue(done.stderr.startswith("exporter: error: "))

    def test_what_it_cannot_use_ends_it_with_one_line(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            for options in [("--listen", f"127.0.0.1:{taken.getsockname()[1]}"), ("--tls", "--cacert", "/nothing")]:
                done = self.run_it(*options)
                self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)

    def test_sigint_ends_it_without_a_traceback(self):
        exporter = Exporter()
        exporter.process.send_signal(signal.SIGINT)
        exporter.process.wait(SECONDS)
        self.assertNotIn("Traceback", exporter.text())
        exporter.stop()
