"""A process with eight callers that post through one writer without end, until it is killed.

    python post_under_load.py FOLDER RUN

Each caller sends chains of its own, alone or several at a time, all with a note beside the chain.
As soon as one is answered it says so on its output: `done ID RESULT ASKED`, with the second it
was asked. A caller that was told of a fault says `fault` and sends the same again. `bug ...` is
a fault nobody may send again after, and ends the process.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, NoReturn
from uuid import UUID

from qianhai.db import Connection, open_database
from qianhai.kernel import Environment, derived_id
from qianhai.ledger import AccountSpec, Asset, Chain, ChainResult, Kind, Leg, Submission, Writer

CALLERS: Final = 8
BANK: Final = "bank-1"
AT: Final = datetime(2023, 6, 30, 1, 0, tzinfo=UTC)
CAP: Final = 10**12
NOTES: Final = (
    "create table if not exists notes"
    " (chain uuid primary key, result text not null, legs integer not null)"
)

_CNY: Final = Asset("CNY", 2, "currency")
_QUOTA: Final = Asset("quota.CNY", 2, "quota")
_PARTIES: Final = 4
_SPECS: Final = (
    AccountSpec("nostro", _CNY, "nostro", BANK),
    AccountSpec("source", _QUOTA, "limit_source", "authority"),
    *(AccountSpec(f"party-{n}", _CNY, "settlement", f"p{n}", floor=0) for n in range(_PARTIES)),
    *(AccountSpec(f"limit-{n}", _QUOTA, "limit", f"p{n}", floor=0) for n in range(_PARTIES)),
)


class Caller:
    """One who sends chains: money with the limit it uses, holds, and what becomes of holds."""

    def __init__(self, writer: Writer, run: str, number: int) -> None:
        self._writer = writer
        self._name = f"{run}/{number}"
        self._random = Random(self._name)  # noqa: S311
        self._sent = 0
        self._held: list[UUID] = []

    def work(self) -> None:
        """Send one thing after another."""
        at = AT
        while True:
            chains = list(self._next_chains())
            at += timedelta(microseconds=1)
            for chain, result in zip(chains, self._send(chains, at), strict=True):
                if chain.kind is Kind.HOLD and result.is_posted:
                    self._held.append(chain.id)

    def _next_chains(self) -> Iterator[Chain]:
        for _ in range(self._random.choice((1, 1, 4, 16))):
            yield self._next_chain()

    def _next_chain(self) -> Chain:
        random = self._random
        self._sent += 1
        number = derived_id("load", self._name, str(self._sent))
        if self._held and random.random() < 0.3:
            of = self._held.pop(random.randrange(len(self._held)))
            kind = random.choice((Kind.COMMIT, Kind.COMMIT, Kind.VOID))
            amounts = (random.randint(0, 1), 1) if kind is Kind.COMMIT else ()
            return Chain(number, BANK, kind, (), date(2023, 6, 30), of=of, amounts=amounts)
        debit, credit = random.sample(range(_PARTIES), 2)
        amount = random.randint(1, 1000)
        cap = 0 if random.random() < 0.1 else CAP
        draw = Leg("source", f"limit-{debit}", amount, cap)
        move = Leg(f"party-{debit}", f"party-{credit}", random.randint(1, 3))
        if random.random() < 0.3:
            kind, legs = Kind.HOLD, [move, draw]
        else:
            kind, legs = Kind.POST, [Leg("nostro", f"party-{debit}", amount), draw, move]
        return Chain(number, BANK, kind, tuple(legs), date(2023, 6, 30), opens=_SPECS)

    def _send(self, chains: Sequence[Chain], at: datetime) -> list[ChainResult]:
        """Have chains answered, several outstanding at once; say so of each, or send them again."""
        found: dict[UUID, ChainResult] = {}
        while len(found) < len(chains):
            left = [chain for chain in chains if chain.id not in found]
            asked_at = time.monotonic()
            tickets = [self._writer.hand_in([_noted(chain)], at=at) for chain in left[1:]]
            try:
                found[left[0].id] = self._writer.submit([_noted(left[0])], at=at)[0]
                _say(f"done {left[0].id} {found[left[0].id].result} {asked_at}")
            except Environment as fault:
                _hear(fault)
            for chain, ticket in zip(left[1:], tickets, strict=True):
                try:
                    found[chain.id] = ticket.result()[0]
                    _say(f"done {chain.id} {found[chain.id].result} {asked_at}")
                except Environment as fault:
                    _hear(fault)
        return [found[chain.id] for chain in chains]


def _noted(chain: Chain) -> Submission:
    def record(conn: Connection, result: ChainResult) -> None:
        if result.first:
            row = (chain.id, result.result.value, len(result.amounts))
            conn.execute("insert into notes values (%s, %s, %s)", row)

    return Submission(chain, record)


def _hear(fault: Environment) -> None:
    if not fault.is_retry_safe:
        raise fault
    _say("fault")


def _say(text: str) -> None:
    os.write(1, f"{text}\n".encode())  # at once and whole: nothing of it may rest in the process


def _end(told: threading.ExceptHookArgs) -> NoReturn:
    sys.__excepthook__(told.exc_type, told.exc_value or told.exc_type(), told.exc_traceback)
    _say(f"bug {told.exc_value!r}".replace("\n", " "))
    os._exit(70)


def _main(folder: str, run: str) -> None:
    threading.excepthook = _end
    with open_database(url=None, data_dir=Path(folder)) as database:
        writer = Writer(database)
        threads = [
            threading.Thread(target=Caller(writer, run, number).work) for number in range(CALLERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    _main(*sys.argv[1:])
