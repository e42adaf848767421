"""How fast the durable ledger is, beside the limit and its peers, in one run on one server.

    python benchmarks/ledger.py [--quick | --full] [--without-pgbench]

Everybody is asked in turn, round by round, so that a slow minute of the machine is a slow minute of
all: `Writer.post` at 1, 100, 8,190 and 32,760 legs and COPY of the very rows it wrote; set-based
SQL; a PL/pgSQL function for each transfer; `Writer.submit` by 64 callers; TPC-B; the kernel alone.
A ratio is the median of the rounds' ratios. `--full` adds a million accounts, and the past of an
account in 20 million transfers. The last line is one JSON document.
"""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Measure the ledger beside its limit and peers.")
    parser.add_argument("--quick", action="store_true", help="within 50 s (the default)")
    parser.add_argument("--full", action="store_true", help="an hour or so")
    parser.add_argument("--shortest", action="store_true", help="one round of some, to try it out")
    parser.add_argument("--without-pgbench", action="store_true", help="as if there were none")
    asked = parser.parse_args()
    from benchmarks.contest import rounds  # noqa: PLC0415 - found once the path says where

    measure = rounds.FULL if asked.full else rounds.QUICK
    rounds.run(
        rounds.SHORTEST if asked.shortest else measure, has_pgbench=not asked.without_pgbench
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
