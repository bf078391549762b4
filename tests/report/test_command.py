"""scripts/report as a command: files, options, errors in one line."""

import os
import re
import resource
import stat
import unittest
from pathlib import Path

import cases
import server

NODE = ("usual", "USA", "C10T12")


class Command(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cases.load("usual")
        cls.server = server.shared()
        cls.folder = cls.server.folder

    def assert_fails(self, done, status: int, *parts: str) -> None:
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertTrue(done.stderr.startswith("report: error: ") and done.stderr.count("\n") == 1, done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)

    def test_without_output_the_file_has_the_names_of_model_region_and_sector(self):
        done = self.server.report(*NODE)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "usual-USA-C10T12.html\n", ""))
        path = self.folder / "usual-USA-C10T12.html"
        self.assertTrue(path.read_text().endswith("</html>\n"))
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o666 & ~mask)

    def test_names_of_files_have_no_special_characters(self):
        cases.load("hostile")
        done = self.server.report("hostile", *cases.CASES["hostile"].subject)
        self.assertEqual((done.returncode, done.stdout), (0, "hostile-script_alert_1_script-b_bold_b.html\n"), done.stderr)

    def test_output_names_the_file_and_replaces_an_earlier_one(self):
        target = self.folder / "chosen.html"
        target.write_text("earlier")
        before = sorted(self.folder.iterdir())
        done = self.server.report(*NODE, "-o", str(target))
        self.assertEqual((done.returncode, done.stdout), (0, f"{target}\n"))
        self.assertTrue(target.read_text().startswith("<!DOCTYPE html>"))
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_a_file_that_cannot_be_completed_is_not_begun(self):
        target = self.folder / "full.html"
        target.write_text("earlier")
        before = sorted(self.folder.iterdir())
        command = [server.ROOT / "scripts/report", *NODE, "-o", target, "-p", str(self.server.port)]
        done = self.server.run(command, {}, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        self.assert_fails(done, 1, "cannot write", "too large")
        self.assertEqual(target.read_text(), "earlier")
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_standard_output(self):
        done = self.server.report(*NODE, "-o", "-")
        self.assertTrue(done.stdout.startswith("<!DOCTYPE html>") and done.stdout.endswith("</html>\n"))

    def test_after_an_error_the_file_is_as_before(self):
        target = self.folder / "kept.html"
        target.write_text("earlier")
        before = sorted(self.folder.iterdir())
        self.assert_fails(self.server.report("usual", "USA", "none", "-o", str(target)), 1, "NOSUBJECT")
        self.assertEqual(target.read_text(), "earlier")
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_a_file_that_cannot_be_written(self):
        self.assert_fails(self.server.report(*NODE, "-o", "/none/page.html"), 1, "cannot write", "/none")

    def test_errors_of_the_server_have_status_1(self):
        self.server.call("SET", "text", "value")
        self.server.call("MODEL.SET", "flood", "SCORE", (server.ROOT / "samples/flood.json").read_text())
        for words, part in [
            (("none", "USA", "C10T12"), "NOMODEL"), (("text", "USA", "C10T12"), "WRONGTYPE"), (("usual", "XX", "C10T12"), "NOSUBJECT"),
            ((*NODE, "--indicator", "none"), "NOINDICATOR"), ((*NODE, "--change", "EXTRACT XX *"), "XX"),
            ((*NODE, "--change", "SCALE USA * USA * 1000"), "converge"), ((*NODE, "--change", "EAT USA *"), "EXTRACT"),
            (("flood", "USA", "C10T12"), ""),
        ]:
            with self.subTest(words):
                self.assert_fails(self.server.report(*words, "-o", "-"), 1, part)

    def test_options_that_are_wrong_have_status_2(self):
        for words, part in [
            (("usual", "USA"), "sector"), ((*NODE, "more"), "more"), ((*NODE, "--top", "1"), "'1'"), ((*NODE, "--layers", "33"), "33"),
            ((*NODE, "--paths", "x"), "'x'"), ((*NODE, "--change", "EXTRACT 'CHN"), "quotation"), ((*NODE, "--change", ""), "no words"),
            ((*NODE, "--what"), "--what"), ((*NODE, "--to", "3"), "--to"),
        ]:
            with self.subTest(words):
                self.assert_fails(self.server.report(*words), 2, part, "--help")

    def test_a_server_that_is_away_or_has_no_module(self):
        self.assert_fails(self.server.report(*NODE, port=server.free_port()), 1, "no connection")

    def test_help_has_every_option(self):
        done = self.server.report("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        source = (server.ROOT / "scripts/report.d/__main__.py").read_text()
        options = set(re.findall(r'"(--[a-z-]+)"', source))
        self.assertGreater(len(options), 12)
        for option in options:
            self.assertRegex(done.stdout, rf"{option}\b")

    def test_a_user_with_a_password(self):
        commands = ("assess.get", "assess.whatif", "assess.dependents", "assess.profile", "model.info")
        self.server.call("ACL", "SETUSER", "analyst", "on", ">s3cret p@ss", "~usual", *(f"+{command}" for command in commands))
        good = {"REDISCLI_AUTH": "s3cret p@ss"}
        done = self.server.report(*NODE, "-o", "-", "--user", "analyst", **good)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.server.report(*NODE, "-o", "-", "--user", "analyst", "--password-env", "OTHER", OTHER="s3cret p@ss")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_fails(self.server.report(*NODE, "-o", "-", "--user", "analyst", REDISCLI_AUTH="wrong"), 1, "password")
        self.assert_fails(self.server.report("other", "USA", "C10T12", "-o", "-", "--user", "analyst", **good), 1, "permission")
        url = f"redis://analyst:s3cret%20p%40ss@127.0.0.1:{self.server.port}/0"
        done = self.server.run([server.ROOT / "scripts/report", *NODE, "-o", "-", "-u", url], {})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assert_fails(self.server.run([server.ROOT / "scripts/report", *NODE, "-u", "http://x"], {}), 1)

    def test_a_password_that_is_missing(self):
        self.server.call("CONFIG", "SET", "requirepass", "s3cret")
        self.addCleanup(self.server.call, "CONFIG", "SET", "requirepass", "")
        self.assert_fails(self.server.report(*NODE), 1, "Authentication required")
        self.assertEqual(self.server.report(*NODE, "-o", "-", REDISCLI_AUTH="s3cret").returncode, 0)

    def test_a_unix_socket(self):
        done = self.server.report(*NODE, "-o", "-", "-s", str(self.folder / "socket"), port=server.free_port())
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_two_runs_give_the_same_page(self):
        first, second = (re.sub("<time>.*</time>", "", self.server.report(*NODE, "-o", "-").stdout) for _ in range(2))
        self.assertEqual(first, second)

    def test_the_readme_of_the_folder_names_every_file(self):
        folder = server.ROOT / "scripts/report.d"
        text = (folder / "README.md").read_text()
        for path in Path(folder).iterdir():
            if path.suffix in (".py", ".css"):
                self.assertIn(f"`{path.name}`", text)
