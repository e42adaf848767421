"""Some weeks of business of a ledger of the first form, for the test that upgrades it.

`first_form_ledger.sql` holds the rows, `first_form_answers.json` the answers, balances, statements
and head that the program of commit 20469fe wrote and gave when `BATCHES` were posted. Neither is
ever made again: that program is history. What is here only says once more what was sent.
"""

from datetime import timedelta
from typing import Final

from ledger.books import (
    ALICE,
    AT,
    BOB,
    EVERYONE,
    GROUP,
    NOSTRO,
    QUOTA,
    VAULT,
    chain,
    draw,
    pay,
    release,
)
from qianhai.ledger import AccountSpec, Kind

OWN: Final = AccountSpec("limit:own", QUOTA, "limit", "party-2", floor=0)
WIDE: Final = AccountSpec("limit:wide", QUOTA, "limit", "party-3", floor=0, ceiling=10_000)
ALL: Final = (*EVERYONE, OWN, WIDE)

_SECOND: Final = timedelta(seconds=1, microseconds=1)
#: The first of July in Shanghai, still June in UTC.
_JULY: Final = timedelta(hours=15, minutes=30, microseconds=7)

#: Instants and the chains posted at each, or None where the overdue were swept.
BATCHES: Final = (
    (AT, (chain("opened", opens=ALL),)),
    (
        AT,
        (
            chain("fund", pay(100_000)),
            chain("refused", pay(100_001, ALICE, BOB)),
            chain("fund 2", pay(77), institution="bank-2"),
            chain("drawn", draw(500, 500), pay(500)),
            chain("limit passed", pay(1), draw(1600, 500, spills=True), draw(0, 1000, GROUP)),
            chain("all in the first", draw(30, 100, OWN, spills=True), draw(0, 1000, GROUP)),
            chain("spilled over", draw(100, 100, OWN, spills=True), draw(0, 1000, GROUP), pay(3)),
            chain("no room", draw(25, 500, spills=True), draw(0, 1000, GROUP), pay(9)),
            chain("beyond 64 bits", draw(1, 2**63 + 5, WIDE)),
            chain("ceiling passed", draw(10_000, 2**63 + 5, WIDE)),
            chain("given back", release(7, GROUP)),
        ),
    ),
    (
        AT + _SECOND,
        (
            chain("open", pay(60, ALICE, BOB), draw(60, 1000, GROUP), kind=Kind.HOLD),
            chain(
                "open, no room",
                draw(70, 500, spills=True),
                draw(0, 1000, GROUP),
                pay(5),
                kind=Kind.HOLD,
            ),
            chain(
                "open, nothing spilled",
                pay(8),
                draw(40, 400, WIDE, spills=True),
                draw(0, 1000, GROUP),
                kind=Kind.HOLD,
            ),
            chain("open, to be voided", pay(4), kind=Kind.HOLD),
            chain("open until August", pay(6), kind=Kind.HOLD, expires=timedelta(days=40)),
            chain("open until evening", pay(11), kind=Kind.HOLD, expires=timedelta(hours=9)),
            chain("for a commit", pay(50, ALICE, BOB), pay(2), kind=Kind.HOLD),
            chain("for a void", pay(13), kind=Kind.HOLD, expires=timedelta(days=1)),
            chain("hold refused", pay(200_000, ALICE, BOB), kind=Kind.HOLD),
        ),
    ),
    (
        AT + 2 * _SECOND,
        (
            chain("exceeded", kind=Kind.COMMIT, of="for a commit", amounts=[51, 2]),
            chain("committed", kind=Kind.COMMIT, of="for a commit", amounts=[20, 2]),
            chain("resolved", kind=Kind.COMMIT, of="for a commit"),
            chain("voided", kind=Kind.VOID, of="for a void"),
            chain("taken back", pay(15)),
            chain("reversal", kind=Kind.REVERSE, of="taken back"),
            chain("reversed before", kind=Kind.REVERSE, of="taken back"),
        ),
    ),
    (AT + timedelta(hours=9), (chain("too late", kind=Kind.COMMIT, of="open until evening"),)),
    (AT + timedelta(hours=10), None),
    (
        AT + _JULY,
        (
            chain("July", pay(31), draw(1, 900, GROUP)),
            chain("swept before", kind=Kind.COMMIT, of="open until evening"),
            chain("whole", pay(2, ALICE, BOB), kind=Kind.HOLD),
            chain("committed whole", kind=Kind.COMMIT, of="whole"),
            chain("closed", opens=[], closes=[VAULT.name]),
            chain("not empty", opens=[], closes=[NOSTRO.name]),
        ),
    ),
)

#: Every chain that was sent, by its word.
SENT: Final = {each.id: each for _, chains in BATCHES for each in chains or ()}
