"""The package in the packaged services: installed, used, upgraded, removed."""

import json
import shutil
import unittest

import packages
from debian import Debian

MODULE = "/usr/lib/redis/modules/libredis_assess.so"
TABLES = "/var/lib/redis-assess"
# The lines that README.Debian tells users to add.
LINES = [f"loadmodule {MODULE}", "include /etc/redis-assess/assess.conf"]


class Service:
    """The tests of one server; each has a Debian of its own."""

    server = ""

    def setUp(self):
        self.debian = Debian(self.server)
        self.addCleanup(self.debian.close)

    def installed(self) -> Debian:
        """With the package, the two lines, and tables; the service runs."""
        self.debian.install(packages.current())
        self.debian.add(*LINES)
        self.copy_samples()
        self.debian.start()
        return self.debian

    def copy_samples(self) -> None:
        for sample in self.debian.path("/usr/share/redis-assess/samples").iterdir():
            shutil.copy(sample, self.debian.path(TABLES))

    def load(self) -> str:
        """An assessment of a table of the data folder."""
        self.debian.cli("MODEL.LOAD", "icio", "IO", "FILE", "mini.csv")
        self.debian.cli("MODEL.INDICATOR", "icio", "risk", "FILE", "mini_risk.csv", "BY", "region")
        return self.assess()

    def assess(self) -> str:
        """The same document each time, once the table is derived: before, the last digits differ."""
        self.debian.await_that("the table is derived", lambda: "\nderived\ninverse" in self.debian.cli("MODEL.INFO", "icio"))
        document = self.debian.cli("ASSESS.GET", "icio", "USA", "C29", "NOCACHE")
        self.assertGreater(json.loads(document)["total"], 0)
        return document

    def module_version(self) -> str:
        """As a package has it: the server knows a number."""
        words = self.debian.cli("MODULE", "LIST").split("\n")
        self.assertEqual(words[words.index("name") + 1], "assess")
        number = int(words[words.index("ver") + 1])
        return f"{number // 10000}.{number // 100 % 100}.{number % 100}"

    def test_installing_changes_no_configuration_and_starts_nothing(self):
        folder = self.debian.configuration.parent
        before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
        printed = self.debian.install(packages.current())
        self.assertEqual({path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}, before)
        self.assertNotIn("redis-assess:", printed)  # no message of ours, as Debian prefers
        self.assertNotIn(f"{self.server}-server", self.debian.run("sh", "-c", "cat /proc/[0-9]*/comm").stdout)
        self.debian.run("dpkg", "--verify", "redis-assess")
        # Without the lines the server is as it was.
        self.debian.start()
        self.assertNotIn("assess", self.debian.cli("MODULE", "LIST"))

    def test_the_service_computes_and_restarts_under_the_restrictions_of_its_unit(self):
        debian = self.installed()
        self.assertEqual(debian.status("Seccomp"), "2")
        user = debian.run("id", "-u", self.server).stdout.strip()
        self.assertEqual(debian.status("Uid").split(), [user] * 4)
        self.assertEqual(self.module_version(), packages.field(packages.current(), "Version"))
        self.assertIn(f"assess_version:{self.module_version()}", debian.cli("INFO", "assess"))
        document = self.load()
        debian.restart()  # the unit ends it with SIGTERM: it saves
        self.assertEqual(self.assess(), document)
        self.assertEqual(debian.cli("CACHE.HEALTH").split("\n")[0], "ok")

    def test_what_the_unit_forbids_is_forbidden(self):
        """Otherwise the other tests would prove little."""
        debian = self.installed()
        self.load()
        debian.stop()
        # Tables can be read and not written, also by their owner.
        debian.run("chown", self.server, TABLES)
        configuration = debian.configuration.read_text()
        debian.add(f"dir {TABLES}")
        debian.start()
        self.assertIn("ERR", debian.cli_once("SAVE"))
        self.assertIn("Read-only file system", debian.log())
        debian.kill()
        # A module elsewhere is not loaded.
        other = f"/var/lib/{self.server}/other.so"
        shutil.copy(debian.path(MODULE), debian.path(other))
        debian.configuration.write_text(configuration.replace(MODULE, other))
        with self.assertRaisesRegex(AssertionError, "server ended"):
            debian.start()
        self.assertIn("failed to map segment", debian.log())

    def test_a_rewritten_configuration_starts_again(self):
        """Sentinel rewrites it at each failover."""
        debian = self.installed()
        document = self.load()
        debian.cli("CONFIG", "SET", "assess.max-batch", "77")
        debian.cli("CONFIG", "REWRITE")
        debian.restart()
        self.assertEqual(self.assess(), document)
        self.assertEqual(debian.cli("CONFIG", "GET", "assess.max-batch").split("\n")[1], "77")
        self.assertEqual(debian.cli("CONFIG", "GET", "assess.data-dir").split("\n")[1], TABLES)

    def test_every_setting_of_the_packaged_file_can_be_set(self):
        self.debian.install(packages.current())
        settings = self.debian.path("/etc/redis-assess/assess.conf")
        lines = settings.read_text().splitlines()
        commented = [line.removeprefix("# ") for line in lines if line.startswith("# assess.")]
        self.assertGreater(len(commented), 10)
        settings.write_text("\n".join([*lines, *commented, ""]))
        self.debian.add(*LINES)
        self.debian.start()
        values = self.debian.cli("CONFIG", "GET", "assess.*").split("\n")
        self.assertEqual(sorted(values[::2]), sorted([line.split()[0] for line in commented] + ["assess.data-dir"]))

    def test_the_presets_work_with_the_samples(self):
        debian = self.installed()
        for preset in sorted(debian.path("/usr/share/redis-assess/presets").glob("*.redis")):
            printed = debian.cli(text=preset.read_text())
            self.assertNotRegex(printed, r"(?m)^[A-Z]+ .*", preset.name)
        document = json.loads(debian.cli("ASSESS.GET", "flood-risk", "rain_mm=41.6", "river_m=2.84", "soil=0.71", "slope=0.012"))
        self.assertEqual(document["model"], "flood-risk")

    def test_an_upgrade_keeps_edited_settings_and_disturbs_no_running_server(self):
        debian = self.debian
        debian.install(packages.older())
        settings = debian.path("/etc/redis-assess/assess.conf")
        settings.write_text(settings.read_text() + "assess.max-batch 55\n")
        debian.add(*LINES)
        self.copy_samples()
        debian.start()
        document = self.load()
        process = debian.process
        debian.install(packages.current())
        self.assertEqual(debian.run("dpkg-query", "-W", "-f", "${Version}", "redis-assess").stdout,
                         packages.field(packages.current(), "Version"))
        self.assertTrue(settings.read_text().endswith("assess.max-batch 55\n"))
        # The module that the server has mapped is another file now; it works on, also in the child that saves.
        self.assertIn("(deleted)", self.mapped(process))
        self.assertEqual(self.assess(), document)
        debian.cli("BGSAVE")
        debian.await_that("it is saved", lambda: "rdb_bgsave_in_progress:0" in debian.cli("INFO", "persistence"))
        self.assertIn("rdb_last_bgsave_status:ok", debian.cli("INFO", "persistence"))
        debian.restart()
        self.assertNotIn("(deleted)", self.mapped(debian.process))
        self.assertEqual(debian.cli("CONFIG", "GET", "assess.max-batch").split("\n")[1], "55")
        self.assertEqual(self.assess(), document)

    @staticmethod
    def mapped(process: int) -> str:
        with open(f"/proc/{process}/maps") as maps:
            return "".join(line for line in maps if "libredis_assess.so" in line)

    def test_removal_and_purge_leave_the_files_of_the_user(self):
        debian = self.installed()
        document = self.load()
        debian.stop()
        data = debian.path(f"/var/lib/{self.server}/dump.rdb")
        self.assertTrue(data.is_file())
        configuration = debian.configuration.read_text()
        removed = debian.run("apt-get", "remove", "-y", "redis-assess")
        self.assertIn(f"{self.server}.conf still loads the module", removed.stdout + removed.stderr)
        self.assertFalse(debian.path(MODULE).exists())
        self.assertTrue(debian.path("/etc/redis-assess/assess.conf").exists())
        # The server says what is missing.
        with self.assertRaisesRegex(AssertionError, "server ended"):
            debian.start()
        self.assertIn("libredis_assess.so", debian.log())
        debian.run("apt-get", "purge", "-y", "redis-assess")
        self.assertFalse(debian.path("/etc/redis-assess").exists())
        for kept in data, debian.path(f"{TABLES}/mini.csv"):
            self.assertTrue(kept.is_file(), kept)
        self.assertEqual(debian.configuration.read_text(), configuration)
        # Installed again, everything is there.
        debian.install(packages.current())
        debian.start()
        self.assertEqual(self.assess(), document)

    def test_the_configuration_of_the_image_starts(self):
        debian = self.debian
        debian.install(packages.current())
        self.copy_samples()
        image = (packages.ROOT / "scripts/package.d/image/server.conf").read_text()
        self.assertIn("\ndir /data\n", image)
        debian.configuration.write_text(image.replace("dir /data", f"dir /var/lib/{self.server}"))
        debian.start()
        document = self.load()
        debian.restart()
        self.assertEqual(self.assess(), document)

    def test_a_removal_says_nothing_when_no_configuration_has_the_lines(self):
        self.debian.install(packages.current())
        done = self.debian.run("apt-get", "purge", "-y", "redis-assess")
        self.assertNotIn("still loads", done.stdout + done.stderr)
        self.assertFalse(self.debian.path(TABLES).exists())  # it was empty


class Redis(Service, unittest.TestCase):
    server = "redis"


class Valkey(Service, unittest.TestCase):
    server = "valkey"

    # These depend on the package and on dpkg, not on the server.
    test_every_setting_of_the_packaged_file_can_be_set = None
    test_a_removal_says_nothing_when_no_configuration_has_the_lines = None
    test_the_presets_work_with_the_samples = None
    test_the_configuration_of_the_image_starts = None
