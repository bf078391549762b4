"""The wheel of clients/python that scripts/package builds. Needs no server."""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import redis_assess
import redis_assess.asyncio

ROOT = Path(__file__).parents[2]


def build(folder, **environment):
    done = subprocess.run(
        [ROOT / "scripts/package", "--python", "-o", folder],
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", **environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.wheel = build(cls.folder / "first")

    def test_two_builds_have_the_same_bytes(self):
        second = build(self.folder / "second", TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
        self.assertEqual(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in (self.wheel, second)))

    def test_the_version_is_that_of_cargo_toml(self):
        version = re.search(r'^\[workspace\.package\]\nversion = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
        self.assertEqual(redis_assess.__version__, version)
        self.assertEqual(self.wheel.name, f"redis_assess-{version}-py3-none-any.whl")

    def test_it_holds_the_package_its_types_and_its_licence(self):
        with zipfile.ZipFile(self.wheel) as wheel:
            names = wheel.namelist()
            metadata = wheel.read(next(name for name in names if name.endswith("/METADATA"))).decode()
            licence = wheel.read(next(name for name in names if name.endswith("/licenses/LICENSE")))
        sources = {f"redis_assess/{path.name}" for path in (ROOT / "clients/python/redis_assess").iterdir() if path.is_file()}
        self.assertEqual({name for name in names if ".dist-info/" not in name}, sources)
        self.assertIn("redis_assess/py.typed", sources)
        self.assertEqual(licence, (ROOT / "LICENSE").read_bytes())
        self.assertEqual(re.findall(r"^Requires-Dist: (.*)", metadata, re.MULTILINE), ["redis>=5.0.1"])
        self.assertIn("\n# redis-assess for Python\n", metadata)

    def test_it_is_installed_by_pip(self):
        place = self.folder / "place"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
        subprocess.run([*pip, "--target", place, self.wheel], check=True)
        script = "import redis_assess.asyncio; print(redis_assess.__file__)"
        environment = {**os.environ, "PYTHONPATH": str(place)}
        done = subprocess.run([sys.executable, "-c", script], check=True, env=environment, capture_output=True, text=True)
        self.assertEqual(Path(done.stdout.strip()), place / "redis_assess/__init__.py")

    def test_wrong_words_are_refused(self):
        done = subprocess.run([ROOT / "scripts/package", "--python", "--suffix", "+x"], capture_output=True, text=True)
        self.assertEqual((done.returncode, "client alone" in done.stderr), (1, True))


class Names(unittest.TestCase):
    def test_both_kinds_of_clients_have_the_same_names(self):
        both = set(redis_assess.__all__)
        self.assertEqual(both, set(redis_assess.asyncio.__all__))
        for module in (redis_assess, redis_assess.asyncio):
            self.assertEqual({name for name in both if not hasattr(module, name)}, set())


if __name__ == "__main__":
    unittest.main()
