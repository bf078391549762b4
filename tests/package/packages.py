"""Builds the package, each variant once."""

import contextlib
import functools
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MODULE = Path(os.environ["ASSESS_MODULE"])


def build(suffix: str = "", **environment: str) -> Path:
    """The path of a new package."""
    if not MODULE.is_file():
        raise RuntimeError(f"no module at {MODULE}: cargo build --features test-hooks")
    folder = tempfile.mkdtemp(prefix="assess-package-")
    command = [ROOT / "scripts/package", "--module", MODULE, "--output", folder, "--suffix", suffix]
    # Without compression: it takes most of the time, and what is tested does not depend on it.
    environment = os.environ | {"DPKG_DEB_COMPRESSOR_LEVEL": "0"} | environment
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"scripts/package: {done.stderr}")
    return Path(done.stdout.strip())


@functools.cache
def current() -> Path:
    return build()


@functools.cache
def older() -> Path:
    """The same module in a package of a lower version."""
    return build("~1")


def field(package: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "--field", package, name], check=True, capture_output=True, text=True).stdout.strip()


@contextlib.contextmanager
def unpacked(package: Path) -> Iterator[str]:
    """A folder with the files of a package."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
        yield folder
