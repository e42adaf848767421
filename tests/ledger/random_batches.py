"""Random batches as the kernel sees them: rows of whole numbers, many at the ends of 64 bits.

Holds the making of batches and nothing of what is expected of them. One seed makes one row of
batches, on every machine.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np

from qianhai.ledger import batch as forms
from qianhai.ledger.batch import Arrays, no_accounts
from qianhai.ledger.kernel import (
    ABSENT,
    ALL,
    CLOSED,
    COMMIT,
    CONTINUED,
    FLOOR_PASSED,
    FREE,
    HOLD,
    INT64_MAX,
    INT64_MIN,
    NO_CAP,
    NONE,
    OPEN,
    POST,
    POSTED,
    REVERSE,
    SWEPT,
    UNDECIDED,
    VOID,
)

#: The instant every batch is tried at; holds end around it.
AT: Final = 1_000
ACCOUNTS: Final = 18
#: Asset codes; form 2c is the one on record of code c, 2c + 1 another one.
_CODES: Final = 4
_BOUNDS: Final = (
    *[(INT64_MIN, INT64_MAX)] * 5,
    *[(0, INT64_MAX)] * 2,
    (INT64_MIN, 0),
    (-30, 60),
    (0, 100),
)
_CAPS: Final = (NO_CAP + 1, -5, 0, 30, 80, INT64_MAX - 3, INT64_MAX)
_HUGE: Final = (INT64_MAX, INT64_MAX - 7, 2**62, 2**62 + 1, INT64_MAX // 3)
_CONTINUING: Final = (COMMIT, COMMIT, COMMIT, VOID, VOID, REVERSE, REVERSE)

Picked = TypeVar("Picked")


class Dice:
    """Chance, from a seed."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._left: list[int] = []

    def roll(self, sides: int) -> int:
        """Return a number from 0 to below `sides`."""
        if not self._left:
            self._left = self._generator.integers(0, 1 << 62, 8192).tolist()
        return self._left.pop() % sides

    def falls(self, one_in: int) -> bool:
        """Tell whether what happens once in so many times happens."""
        return self.roll(one_in) == 0

    def pick(self, among: Sequence[Picked]) -> Picked:
        """Return one of some."""
        return among[self.roll(len(among))]


class Maker:
    """Makes one batch: accounts, some past chains, then new ones that also continue each other."""

    def __init__(self, dice: Dice, chains: int) -> None:
        self._dice = dice
        self._codes = [0 if dice.falls(3) else dice.roll(_CODES) for _ in range(ACCOUNTS)]
        self._states = [ABSENT, *(self._state(row) for row in range(1, ACCOUNTS))]
        self._pending_in = [0] * ACCOUNTS
        self._pending_out = [0] * ACCOUNTS
        self._opens: list[tuple[int, ...]] = []
        self._expects: list[tuple[int, ...]] = []
        self._closes: list[int] = []
        self._legs: list[tuple[int, ...]] = []
        self._chains: list[tuple[int, ...]] = []
        for _ in range(dice.roll(12)):
            self._add_past()
        self._accounts = self._make_accounts()
        for _ in range(chains):
            self._add_new()

    def arrays(self) -> Arrays:
        """Return the batch."""
        assets = [2 * code if code < _CODES - 1 else NONE for code in range(_CODES)]
        return Arrays(
            np.array([(form,) for form in assets], forms.ASSET),
            self._accounts,
            np.array(self._opens, forms.OPEN),
            np.array(self._expects, forms.EXPECT),
            np.array(self._closes, np.int64),
            np.array(self._legs, forms.LEG),
            np.array(self._chains, forms.CHAIN),
        )

    def _state(self, row: int) -> int:
        if self._codes[row] == _CODES - 1 or self._dice.falls(12):
            return ABSENT
        return CLOSED if self._dice.falls(20) else OPEN

    def _make_accounts(self) -> forms.Records:
        """Lay the accounts out, each within its bounds with all that is pending."""
        dice, made = self._dice, no_accounts(ACCOUNTS)
        for row, state in enumerate(self._states):
            if state == ABSENT:
                continue
            pending_in, pending_out = self._pending_in[row], self._pending_out[row]
            floor, ceiling = dice.pick(_BOUNDS)
            if floor + pending_out > ceiling - pending_in:
                floor, ceiling = INT64_MIN, INT64_MAX
            low, high = floor + pending_out, ceiling - pending_in
            near = dice.pick((0, 0, 0, 0, 50, low + dice.roll(9), high - dice.roll(9)))
            balance = min(max(near, low), high)
            if state == CLOSED:
                balance = pending_in = pending_out = 0
            form = 2 * self._codes[row]
            made[row] = (state, row, form, floor, ceiling, balance, pending_in, pending_out,
                         NO_CAP if dice.falls(2) else 40, 0)  # fmt: skip
        return made

    def _amount(self, *, least: int = 1) -> int:
        """Return an amount: mostly small, now and then at the end of 64 bits."""
        return self._dice.pick(_HUGE) if self._dice.falls(25) else least + self._dice.roll(20)

    def _pair(self, states: tuple[int, ...]) -> tuple[int, int] | None:
        """Return two accounts of one asset in one of these states, if there are."""
        first = self._dice.roll(ACCOUNTS)
        rows = [
            row
            for row in range(1, ACCOUNTS)
            if self._codes[row] == self._codes[first] and self._states[row] in states
        ]
        if len(rows) < 2:
            return None
        debit = rows.pop(self._dice.roll(len(rows)))
        return debit, self._dice.pick(rows)

    # What is on record.

    def _add_past(self) -> None:
        dice, first = self._dice, len(self._legs)
        kind = dice.pick((POST, POST, HOLD, HOLD, HOLD, COMMIT, VOID, REVERSE))
        verdict = FLOOR_PASSED if dice.falls(8) else POSTED
        continued = dice.pick((FREE, FREE, FREE, CONTINUED, SWEPT))
        for _ in range(1 + dice.roll(3) if verdict == POSTED else 0):
            self._add_past_leg(kind, is_pending=kind == HOLD and continued == FREE)
        self._chain(kind, first, verdict=verdict, continued=continued, expires=self._end())

    def _add_past_leg(self, kind: int, *, is_pending: bool) -> None:
        dice = self._dice
        pair = self._pair((OPEN,) if is_pending else (OPEN, CLOSED))
        if pair is None or dice.falls(12):
            self._leg(0, 0, 0)
            return
        debit, credit = pair
        amount = self._amount(least=0)
        if is_pending:
            amount = min(
                amount, INT64_MAX - self._pending_in[credit], INT64_MAX - self._pending_out[debit]
            )
            self._pending_in[credit] += amount
            self._pending_out[debit] += amount
        posted = amount if kind in (POST, REVERSE, COMMIT) else 0
        held = {HOLD: amount, COMMIT: -amount, VOID: -amount}.get(kind, 0)
        self._leg(debit, credit, 0, found=(0, posted, held))

    def _end(self) -> int:
        return self._dice.pick((INT64_MAX, INT64_MAX, AT - 1, AT, AT + 1))

    # What is asked.

    def _add_new(self) -> None:
        dice = self._dice
        firsts = (len(self._opens), len(self._expects), len(self._closes))
        leg_first = len(self._legs)
        if dice.falls(30):
            row = dice.roll(ACCOUNTS)
            balance = int(self._accounts[row]["balance"])
            self._expects.append((row, balance if dice.falls(2) else dice.roll(3)))
        if self._chains and dice.roll(3) == 0:
            self._continue(leg_first, firsts)
            return
        kind = HOLD if dice.falls(3) else POST
        for _ in range(1 + dice.roll(2) if dice.falls(6) else 0):
            self._add_open()
        for _ in range(1 + dice.roll(3)):
            self._add_own_leg()
        self._legs[-1] = (*self._legs[-1][:4], 0, *self._legs[-1][5:])  # nothing left to spill into
        if kind == POST and dice.falls(10):
            self._closes.append(dice.roll(ACCOUNTS))
        self._chain(kind, leg_first, firsts=firsts, expires=self._end() if kind == HOLD else None)

    def _add_open(self) -> None:
        dice = self._dice
        row = 1 + dice.roll(ACCOUNTS - 1)
        spec = row if dice.roll(6) else 100 + row
        code = self._codes[row]
        form = 2 * code + int(dice.falls(9))
        floor, ceiling = dice.pick(_BOUNDS)
        known = int(dice.roll(12) != 0)
        self._opens.append((row, spec, code, form, known, floor, ceiling, 0, 0))

    def _add_own_leg(self) -> None:
        dice = self._dice
        states = (OPEN, ABSENT, CLOSED) if dice.falls(20) else (OPEN,)
        pair = self._pair(states)
        if pair is None or dice.falls(40):
            pair = dice.roll(ACCOUNTS), dice.roll(ACCOUNTS)
        amount = self._amount()
        if dice.falls(60):
            amount = dice.pick((0, 0, -1, INT64_MIN))
        cap = dice.pick(_CAPS) if dice.falls(3) else NO_CAP
        self._leg(*pair, amount, cap=cap, spills=int(cap != NO_CAP and dice.falls(2)))

    def _continue(self, leg_first: int, firsts: tuple[int, int, int]) -> None:
        """Ask to go on from a chain: one on record, one of this batch, or none that is there."""
        dice, origin = self._dice, self._origin()
        kind = dice.pick(_CONTINUING)
        if origin != NONE and dice.roll(8):
            is_hold = self._chains[origin][0] == HOLD
            kind = dice.pick((COMMIT, COMMIT, VOID)) if is_hold else REVERSE
        start, end = self._chains[origin][4:6] if origin != NONE else (0, 0)
        is_whole = dice.falls(2)
        for source in range(start, end):
            debit, credit = self._legs[source][:2]
            if kind == REVERSE:
                debit, credit = credit, debit
            given = ALL if is_whole or kind != COMMIT else self._given(source)
            self._leg(debit, credit, given, source=source)
        is_sweep = int(kind == VOID and dice.falls(4))
        fits = int(kind != COMMIT or dice.roll(15) != 0)
        self._chain(kind, leg_first, firsts=firsts, origin=origin, fits=fits, is_sweep=is_sweep)

    def _origin(self) -> int:
        """Return a chain to go on from: mostly one that can be continued, seldom none."""
        dice, count = self._dice, len(self._chains)
        if dice.falls(40):
            return NONE
        origin = NONE
        for _ in range(4):
            origin = count - 1 - dice.roll(min(count, 20)) if dice.roll(4) else dice.roll(count)
            if self._chains[origin][0] in (HOLD, POST, COMMIT):
                break
        return origin

    def _given(self, source: int) -> int:
        """Return how much of a held leg a commit asks for: some of it, all of it, or too much."""
        dice = self._dice
        most = max(self._legs[source][2], self._legs[source][8], 0)
        if dice.falls(12):
            return dice.pick((ALL - 1, INT64_MAX, 0))
        return dice.pick((most, most // 2, 0, ALL, dice.roll(most + 2)))

    # Rows.

    def _leg(
        self,
        debit: int,
        credit: int,
        amount: int,
        *,
        cap: int = NO_CAP,
        spills: int = 0,
        source: int = NONE,
        found: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        self._legs.append((debit, credit, amount, cap, spills, source, *found, 0, 0, 0, 0, 0))

    def _chain(
        self,
        kind: int,
        leg_first: int,
        *,
        firsts: tuple[int, int, int] = (0, 0, 0),
        origin: int = NONE,
        expires: int | None = None,
        fits: int = 1,
        is_sweep: int = 0,
        verdict: int = UNDECIDED,
        continued: int = FREE,
    ) -> None:
        opened, expected, closed = firsts
        ends = len(self._opens), len(self._expects), len(self._closes)
        self._chains.append(
            (kind, origin, INT64_MAX if expires is None else expires, fits, leg_first,
             len(self._legs), opened, ends[0], expected, ends[1], closed, ends[2],
             is_sweep, verdict, continued, 0, NONE)
        )  # fmt: skip
