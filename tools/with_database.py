r"""Run one of PostgreSQL's own programs on the project's database: a backup, a restore, a look.

    .venv/bin/python tools/with_database.py pg_dump --format=custom --file=day.dump
    .venv/bin/python tools/with_database.py pg_restore --no-owner \
        --dbname=qianhai --exit-on-error day.dump

The embedded server of QIANHAI_DATA_DIR (default .data) is started or joined, and its own programs
come first on the PATH, so that both are of one version; with QIANHAI_DATABASE_URL that database is
used. The program is told where it is by the environment. It must not change the database itself:
an empty data folder gets an empty database, which a restore fills.
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from qianhai.db import settings_of, start_server
from qianhai.kernel import Environment


def programs_of(data_dir: Path) -> Path:
    """Return the folder of the programs the running server of a data folder belongs to."""
    pid = (data_dir / "pg" / "postmaster.pid").read_text(encoding="utf-8").split()[0]
    started = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    return Path(os.fsdecode(started)).parent


def main(arguments: list[str]) -> int:
    """Run a program and return its exit code; 2 when none is named, 4 when there is no database."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    with ExitStack() as open_things:
        url = os.environ.get("QIANHAI_DATABASE_URL")
        path = os.environ.get("PATH", os.defpath)
        if not url:
            data_dir = Path(os.environ.get("QIANHAI_DATA_DIR") or ".data")
            try:
                server = start_server(data_dir)
            except Environment as fault:
                print(fault, file=sys.stderr)
                return fault.exit_code
            open_things.callback(server.close)
            url = server.conninfo()
            path = f"{programs_of(data_dir)}{os.pathsep}{path}"
        surroundings = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
        surroundings |= {"PATH": path} | settings_of(url)
        return subprocess.run(  # noqa: S603 (the operator's own command, no shell)
            ["/usr/bin/env", *arguments], env=surroundings, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
