"""The commands of a README, and programs in front of PATH for them.

The commands run unchanged. `git clone` copies the files of this repository, `cargo build` links the module that is
tested, `python3 -m venv` and `pip install` use the packages that examples/run has installed, and the server listens on
a free port.
"""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent

PROGRAMS = {
    "git": """
        [[ "$1 $2" == "clone $REPOSITORY" ]] || { echo "unexpected: git $*" >&2; exit 1; }
        export PATH=$REAL_PATH
        mkdir "$3"
        cd "$REPOSITORY"
        git ls-files -z --cached --others --exclude-standard --deduplicate |
            tar --create --null --files-from=- --ignore-failed-read 2>/dev/null | tar --extract --directory "$OLDPWD/$3"
    """,
    "cargo": """
        [[ "$*" == "build --release" ]] || { echo "unexpected: cargo $*" >&2; exit 1; }
        mkdir -p target/release
        ln -s "$ASSESS_MODULE" target/release/libredis_assess.so
    """,
    "python3": """
        [[ "$1 $2" == "-m venv" ]] || exec env PATH="$REAL_PATH" python3 "$@"
        mkdir -p "$3/bin"
        ln -sf "$EXAMPLES_VENV/bin/uvicorn" "$3/bin/"
        cp "$PROGRAMS/pip" "$PROGRAMS/python" "$3/bin/"
    """,
    "pip": """
        [[ "$*" == "install $EXAMPLES_INSTALL" ]] || { echo "not what examples/run installs: pip $*" >&2; exit 1; }
    """,
    "python": """
        exec "$EXAMPLES_VENV/bin/python" "$@"
    """,
    "redis-server": """
        exec env PATH="$REAL_PATH" redis-server "$@" --port "$REDIS_PORT" --pidfile "$PWD/redis.pid" --logfile "$PWD/redis.log"
    """,
    "redis-cli": """
        exec env PATH="$REAL_PATH" timeout 30 redis-cli -p "$REDIS_PORT" "$@"
    """,
}


def write_programs(folder: Path) -> None:
    folder.mkdir()
    for name, script in PROGRAMS.items():
        (folder / name).write_text(f"#!/usr/bin/env bash\nset -euo pipefail\n{script}")
        (folder / name).chmod(0o755)


def blocks(readme: Path) -> list[list[str]]:
    """The lines of each block of shell commands."""
    return [
        block.splitlines() for block in re.findall(r"^```sh\n(.*?)^```$", readme.read_text(), re.MULTILINE | re.DOTALL)
    ]
