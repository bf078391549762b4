"""scripts/top --once: one frame as text, and what it reports when there is none."""

import shutil
import subprocess
import unittest

import content
from connection import Login
from process import Server, free_port


class Frame(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        done = content.once(content.full())
        cls.text = done.stdout
        assert (done.returncode, done.stderr) == (0, ""), done

    def test_a_tier_has_entries_memory_hit_rate_and_latencies(self) -> None:
        name, entries, memory, hits, rate, *latencies = content.row(self.text, "pages")
        self.assertEqual((entries, memory, hits), ("3", "300B", "80.0"))
        self.assertRegex(" ".join(latencies[:3]), r"^\d+us \d+us \d+us$")

    def test_hot_keys_are_listed_with_their_tier_and_reads(self) -> None:
        self.assertEqual(content.row(self.text, "page:1")[1:3], ["pages", "3"])
        self.assertIn("[###.......]  33 %", next(line for line in self.text.splitlines() if line.startswith("page:2")))

    def test_a_model_has_its_state_and_progress(self) -> None:
        self.assertEqual(content.row(self.text, "icio")[1:5], ["io", "ready", "[##########]", "100"])

    def test_a_queue_has_the_share_of_ended_jobs_and_its_running_jobs(self) -> None:
        self.assertEqual(content.row(self.text, "mail")[1:7], ["[##........]", "25", "%", "2", "1", "1"])
        self.assertRegex(self.text, r"(?m)^  send job:1 +\[####\.{6}\]  40 %  row 4 of 10$")

    def test_the_work_of_the_background_is_shown(self) -> None:
        self.assertRegex(self.text, r"(?m)^work   loads 0  tasks \d+\+\d+  sweeps 0  index ok  jobs 0  slices >1ms \d+")

    def test_no_line_is_wider_than_columns(self) -> None:
        for columns in (40, 80, 200):
            lines = content.once(content.full(), COLUMNS=str(columns)).stdout.splitlines()
            self.assertLessEqual(max(map(len, lines)), columns)

    def test_only_commands_of_bounded_time_are_sent(self) -> None:
        server = content.full()
        server.call("CONFIG", "RESETSTAT")
        content.once(server)
        stats = str(server.call("INFO", "commandstats"))
        sent = {line.split(":")[0].removeprefix("cmdstat_") for line in stats.splitlines() if line.startswith("cmdstat_")}
        self.assertLessEqual(sent, {"info", "cache.health", "tier.list", "model.list", "scan", "cache.stats", "model.info", "job.info",
                                    "job.list", "cache.hot", "config|resetstat"})


class Names(unittest.TestCase):
    def test_more_tiers_and_queues_than_one_frame_requests(self) -> None:
        server = Server()
        self.addCleanup(server.stop)
        server.ask(*[("TIER.SET", f"tier{at}", "PATTERN", f"t{at}:*", "TTL", 60) for at in range(150)],
                   *[("JOB.SUBMIT", f"queue{at}", "send", "") for at in range(40)], *[("SET", f"plain:{at}", "") for at in range(3000)])
        text = content.once(server).stdout
        shown = {line.split()[0] for line in text.splitlines()}
        self.assertEqual({f"tier{at}" for at in range(150)} - shown, set())
        self.assertEqual({f"queue{at}" for at in range(40)} - shown, set())

    def test_names_of_any_bytes_are_shown_without_control_characters(self) -> None:
        server = Server()
        self.addCleanup(server.stop)
        # Sent as bytes: surrogates of Python stand for bytes that are not UTF-8.
        server.call("JOB.SUBMIT", "a\x1b[2Jb\udcff", "send", "")
        server.call("TIER.SET", "pages", "PATTERN", "page:*", "TTL", 60)
        server.call("CACHE.SET", "page:\x07\n", "x")
        server.call("CACHE.GET", "page:\x07\n")
        text = content.once(server).stdout
        self.assertEqual(content.row(text, "a?[2Jb?")[4:6], ["1", "0"], text)
        self.assertTrue(content.row(text, "page:??"), text)
        self.assertNotIn("\x1b", text)


class Failures(unittest.TestCase):
    def assert_fails(self, done: subprocess.CompletedProcess, status: int, words: str) -> None:
        self.assertEqual((done.returncode, done.stdout), (status, ""))
        self.assertIn(words, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_no_server(self) -> None:
        self.assert_fails(content.run("-p", free_port(), "--once"), 1, "no connection: Connection refused")

    def test_a_server_without_the_module(self) -> None:
        server = Server(module=False)
        self.addCleanup(server.stop)
        self.assert_fails(content.once(server), 1, "does not have the module redis-assess")

    def test_wrong_options(self) -> None:
        for options in (["--often"], ["-p", "70000"], ["-p", "x"], ["-n", "-1"]):
            with self.subTest(options):
                self.assert_fails(content.run(*options, "--once"), 2, "see scripts/top --help")

    def test_a_database_that_does_not_exist(self) -> None:
        self.assert_fails(content.once(content.full(), "-n", 99), 1, "DB index is out of range")

    def test_a_live_view_needs_a_terminal(self) -> None:
        self.assert_fails(content.run("-p", content.full().port), 2, "--once")

    def test_passwords(self) -> None:
        server = Server("--requirepass", "secret", login=Login(password="secret"))
        self.addCleanup(server.stop)
        self.assert_fails(content.once(server), 1, "needs a password")
        self.assert_fails(content.once(server, "-a", "wrong"), 1, "refused the login: WRONGPASS")
        for given in ({"options": ["-a", "secret"]}, {"options": ["--user", "default", "--pass", "secret"]}, {"REDISCLI_AUTH": "secret"}):
            done = content.once(server, *given.pop("options", []), **given)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_user_without_permissions_sees_which_are_missing(self) -> None:
        server = content.full()
        server.call("ACL", "SETUSER", "little", "on", ">secret", "resetkeys", "-@all", "+info", "+tier.list", "+cache.stats")
        done = content.once(server, "--user", "little", "-a", "secret", COLUMNS="500")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(content.row(done.stdout, "pages"))
        for command in ("CACHE.HEALTH", "MODEL.LIST", "CACHE.HOT", "SCAN"):
            self.assertIn(f"{command}: NOPERM", done.stdout)

    @unittest.skipUnless(shutil.which("openssl"), "no openssl makes the certificate (Debian: openssl)")
    def test_tls(self) -> None:
        folder = content.certificates()
        port = free_port()
        server = Server("--tls-port", port, "--tls-cert-file", folder / "cert", "--tls-key-file", folder / "key", "--tls-ca-cert-file",
                        folder / "cert", "--tls-auth-clients", "no")
        self.addCleanup(server.stop)
        good = content.run("-p", port, "--once", "--tls", "--cacert", folder / "cert", "--sni", "localhost")
        self.assertEqual((good.returncode, good.stderr), (0, ""))
        self.assertEqual(content.run("-p", port, "--once", "--tls", "--insecure").returncode, 0)
        self.assert_fails(content.run("-p", port, "--once", "--tls"), 1, "no TLS connection")
        self.assert_fails(content.run("-p", port, "--once", "--tls", "--cacert", folder / "absent"), 1, "cannot be read")
