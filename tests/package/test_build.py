"""What the package holds."""

import hashlib
import re
import subprocess
import unittest
from pathlib import Path

import packages

# Files that a user or another file of the package names.
NAMED = """
    ./etc/redis-assess/assess.conf
    ./usr/lib/redis/modules/libredis_assess.so
    ./usr/share/doc/redis-assess/CHANGELOG.md.gz
    ./usr/share/doc/redis-assess/README.Debian
    ./usr/share/doc/redis-assess/copyright
    ./usr/share/doc/redis-assess/docs/commands/assess.get.md.gz
    ./usr/share/doc/redis-assess/docs/install.md.gz
    ./usr/share/doc/redis-assess/third-party-licences.gz
    ./usr/share/man/man7/redis-assess.7.gz
    ./usr/share/redis-assess/presets/flood.redis
    ./usr/share/redis-assess/samples/mini.csv
""".split()


class Build(unittest.TestCase):
    def test_two_builds_have_the_same_bytes(self):
        first = packages.current()
        second = packages.build(TZ="Asia/Tokyo", LC_ALL="C.UTF-8", LANG="C.UTF-8")
        self.assertEqual(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second)))

    def test_name_and_version_are_those_of_cargo_toml(self):
        manifest = (packages.ROOT / "Cargo.toml").read_text()
        version = re.search(r'^\[workspace\.package\]\nversion = "(.*)"', manifest, re.MULTILINE)[1]
        package = packages.current()
        self.assertEqual(packages.field(package, "Version"), version)
        self.assertEqual(package.name, f"redis-assess_{version}_{packages.field(package, 'Architecture')}.deb")
        self.assertEqual(packages.field(packages.older(), "Version"), f"{version}~1")

    def test_libraries_are_those_of_debian_12(self):
        depends = packages.field(packages.current(), "Depends").split(", ")
        self.assertRegex(depends[0], r"^libc6 \(>= 2\.\d+\)$")
        self.assertLessEqual(int(re.search(r"2\.(\d+)", depends[0])[1]), 36)
        self.assertIn("redis-server (>= 5:7.0) | valkey-server (>= 8.0)", depends)

    def test_files_belong_to_root_and_have_the_time_of_the_commit(self):
        listed = subprocess.run(["dpkg-deb", "--contents", packages.current()], check=True, capture_output=True, text=True)
        lines = [line.split(maxsplit=5) for line in listed.stdout.splitlines()]
        self.assertEqual({line[1] for line in lines}, {"root/root"})
        self.assertEqual({line[0] for line in lines}, {"drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"})
        # Servers refuse a module that is not executable.
        self.assertEqual([line[5] for line in lines if line[0] == "-rwxr-xr-x"], ["./usr/lib/redis/modules/libredis_assess.so"])
        self.assertEqual(len({tuple(line[3:5]) for line in lines}), 1)
        names = {line[5] for line in lines}
        self.assertEqual(set(NAMED) - names, set())
        # The folder of tables is there, and empty.
        self.assertEqual([name for name in names if name.startswith("./var/lib/redis-assess/")], ["./var/lib/redis-assess/"])

    def test_the_module_is_stripped_and_the_manual_has_its_version(self):
        folder = Path(self.enterContext(packages.unpacked(packages.current())))
        sections = subprocess.run(["objdump", "-h", folder / "usr/lib/redis/modules/libredis_assess.so"], check=True,
                                  capture_output=True, text=True).stdout
        self.assertNotIn(".debug_", sections)
        self.assertNotIn(".symtab", sections)
        version = packages.field(packages.current(), "Version")
        manual = subprocess.run(["zcat", folder / "usr/share/man/man7/redis-assess.7.gz"], check=True, capture_output=True, text=True)
        self.assertIn(f"redis\\-assess {version}", manual.stdout.splitlines()[0])
        licences = subprocess.run(["zcat", folder / "usr/share/doc/redis-assess/third-party-licences.gz"], check=True,
                                  capture_output=True, text=True).stdout
        self.assertIn("redis-module 2.", licences)
        self.assertIn("\nPermission is hereby granted", licences)

    def test_wrong_words_are_refused(self):
        for words, error in (["--suffix", "-1"], "--suffix begins"), (["--module", "/nothing"], "no module"), (["--other"], "unknown"):
            done = subprocess.run([packages.ROOT / "scripts/package", *words], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn(error, done.stderr)
