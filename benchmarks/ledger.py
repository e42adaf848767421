"""How fast the durable ledger is, beside the limit and its peers, in one run on one server.

    python benchmarks/ledger.py [--quick | --full [--only rounds|million|history]]
        [--transfers N] [--without-pgbench]

Everybody is asked in turn, round by round, so that a slow minute of the machine is a slow minute of
all: `Writer.post` at 1, 100, 8,190 and 32,760 legs and COPY of the very rows it wrote; set-based
SQL; a PL/pgSQL function for each transfer, plain and sealed; `Writer.submit` by 64 callers; TPC-B;
the kernel alone. A ratio is the median of the rounds' ratios. `--full` adds a million accounts, and
the past of an account in 20 million transfers. The last line is one JSON document.
"""

import argparse
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType


def main() -> None:
    """Read the arguments and run."""
    from benchmarks.contest import rounds  # noqa: PLC0415 - found once the path says where

    parser = argparse.ArgumentParser(description="Measure the ledger beside its limit and peers.")
    parser.add_argument("--quick", action="store_true", help="within 50 s (the default)")
    parser.add_argument("--full", action="store_true", help="half an hour or so")
    parser.add_argument("--shortest", action="store_true", help="one round of some, to try it out")
    parser.add_argument("--only", choices=rounds.PARTS, help="one part of --full")
    parser.add_argument("--transfers", type=int, help="of the history, for 20 million")
    parser.add_argument("--without-pgbench", action="store_true", help="as if there were none")
    asked = parser.parse_args()
    if (asked.only or asked.transfers is not None) and not asked.full:
        parser.error("--only and --transfers are of --full")
    if asked.transfers is not None and asked.transfers < rounds.HISTORY_TRANSFERS_MIN:
        parser.error(f"--transfers is at least {rounds.HISTORY_TRANSFERS_MIN:,}")
    measure = rounds.FULL if asked.full else rounds.QUICK
    if asked.shortest:
        measure = rounds.SHORTEST
    if asked.transfers is not None:
        measure = replace(measure, history_transfers=asked.transfers)
    parts = (asked.only,) if asked.only else rounds.PARTS
    signal.signal(signal.SIGTERM, _end)
    rounds.run(measure, has_pgbench=not asked.without_pgbench, parts=parts)


def _end(number: int, _frame: FrameType | None) -> None:
    """End as if by oneself: the server is stopped and its folder removed on the way out."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
