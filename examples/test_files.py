"""The files of examples/: types, the counts of README.md, and the sample table that a script writes."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.readme import REPOSITORY

EXAMPLES = Path(__file__).resolve().parent
SYSTEMS = sorted(path.parent.name for path in EXAMPLES.glob("*/app.py"))


@pytest.mark.parametrize("folder", [".", *SYSTEMS])
def test_types_are_right(folder: str) -> None:
    files = sorted(path.name for path in (EXAMPLES / folder).glob("*.py"))
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", f"{os.environ['EXAMPLES_VENV']}/mypy", *files]
    variables = dict(os.environ) | {"MYPYPATH": str(EXAMPLES)}
    done = subprocess.run(command, cwd=EXAMPLES / folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_lists_every_system_with_its_lines() -> None:
    listed = dict(
        re.findall(r"^\| \[([a-z-]+)\]\(.*?\) \| (\d+) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    )
    files = {
        name: [path for path in (EXAMPLES / name).glob("*.py") if not path.name.startswith("test_")] for name in SYSTEMS
    }
    counted = {name: str(sum(len(path.read_text().splitlines()) for path in paths)) for name, paths in files.items()}
    assert listed == counted


def test_the_sample_of_exiobase_is_what_its_script_writes(tmp_path: Path) -> None:
    script = tmp_path / "mini_exiobase.py"
    script.write_bytes((REPOSITORY / "samples/mini_exiobase.py").read_bytes())
    subprocess.run([sys.executable, script], check=True)
    written = script.with_suffix(".zip")
    assert written.read_bytes() == (REPOSITORY / "samples/mini_exiobase.zip").read_bytes()
    assert zipfile.ZipFile(written).testzip() is None
