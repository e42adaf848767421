"""Whatever is sent in whatever order, the ledger answers and stands as its small model does."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Final
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from models.ledger_model import LedgerModel
from qianhai.db import Database
from qianhai.kernel import derived_id
from qianhai.ledger import (
    AccountSpec,
    Asset,
    Balance,
    Chain,
    Kind,
    Leg,
    Result,
    Submission,
    Writer,
    balances,
    verify,
)
from qianhai.ledger.queries import read_head

CNY: Final = Asset("CNY", 2, "currency")
USD: Final = Asset("USD", 2, "currency")
SPECS: Final = (
    AccountSpec("open", CNY, "nostro", "bank"),
    AccountSpec("floor", CNY, "settlement", "a", floor=0),
    AccountSpec("ceiling", CNY, "settlement", "b", floor=-30, ceiling=60),
    AccountSpec("limit", CNY, "limit", "a", floor=0),
    AccountSpec("dollar", USD, "nostro", "bank"),
    AccountSpec("dollar 2", USD, "settlement", "a"),
)
LARGEST: Final = 2**63 - 1
YUAN: Final = [spec.name for spec in SPECS if spec.asset is CNY]

names = st.sampled_from([spec.name for spec in SPECS])
#: Mostly what fits, sometimes what cannot: drawn as one number, small is ordinary.
rarely = st.integers(0, 9).map(lambda number: number == 9)
amounts = rarely.flatmap(
    lambda is_odd: (
        st.sampled_from([60, LARGEST - 20, LARGEST, 0, -1]) if is_odd else st.integers(1, 20)
    )
)
caps = st.one_of(st.none(), st.integers(5, 80), st.sampled_from([-5, 0, LARGEST, LARGEST + 9]))
#: Out of the account without a floor more often than out of the others.
pairs = st.sampled_from(
    [("open", name) for name in ("floor", "ceiling", "limit")] * 3
    + [(debit, credit) for debit in YUAN for credit in YUAN if debit != credit]
    + [("dollar", "dollar 2")]
)
legs = st.builds(
    lambda odd, pair, amount, cap, spills: Leg(
        (odd or pair)[0], (odd or pair)[1], amount, cap, spills and cap is not None
    ),
    rarely.flatmap(lambda is_odd: st.tuples(names, names) if is_odd else st.none()),
    pairs,
    amounts,
    caps,
    st.booleans(),
)
leg_lists = st.lists(legs, min_size=1, max_size=4).map(
    lambda found: (*found[:-1], replace(found[-1], spills=False))
)
opens = rarely.flatmap(
    lambda is_odd: st.lists(st.sampled_from(SPECS), max_size=2) if is_odd else st.just(SPECS)
)
expects = rarely.flatmap(
    lambda is_odd: st.lists(st.tuples(names, st.integers(0, 3)), max_size=1 if is_odd else 0)
)
closes = rarely.flatmap(lambda is_odd: st.lists(names, max_size=1 if is_odd else 0))

_examples = count()


class LedgerMachine(RuleBasedStateMachine):
    """One institution of its own for each example, in one database."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.institution = f"bank-{next(_examples)}"
        self.model = LedgerModel()
        self.swept: list[Chain] = []
        self.writers = [Writer(self.database, on_expiry=self._note) for _ in range(2)]
        self.batch: list[Chain] = []
        self.sent: list[Chain] = []
        with self.database.transaction() as conn:
            self.now = max(read_head(conn).posted_at, datetime.fromisoformat("2023-01-01T00Z"))

    def _note(self, void: Chain, at: datetime) -> Submission:
        """Note a void of the sweep that is this institution's."""
        assert at == self.now
        if void.institution_id == self.institution:
            self.swept.append(void)
        return Submission(void)

    def _id(self, again: int | None) -> UUID:
        """A new id, or one that was sent before."""
        if again is not None and self.sent:
            return self.sent[again % len(self.sent)].id
        return derived_id(self.institution, str(len(self.sent)))

    def _send(self, chain: Chain, *, is_last: bool) -> None:
        self.sent.append(chain)
        self.batch.append(chain)
        if is_last:
            self.submit()

    @rule(
        again=rarely.flatmap(lambda is_odd: st.integers(0, 99) if is_odd else st.none()),
        is_hold=st.booleans(),
        asked=leg_lists,
        opened=opens,
        expected=expects,
        minutes=st.sampled_from([None, 0, 2, 5, 5]),
        closed=closes,
        is_last=st.booleans(),
    )
    def bring(
        self,
        again: int | None,
        asked: tuple[Leg, ...],
        opened: list[AccountSpec],
        expected: list[tuple[str, int]],
        minutes: int | None,
        closed: list[str],
        *,
        is_hold: bool,
        is_last: bool,
    ) -> None:
        """Add a chain with its own legs to the batch."""
        ends = self.now + timedelta(minutes=minutes) if is_hold and minutes is not None else None
        self._send(
            Chain(
                self._id(again),
                self.institution,
                Kind.HOLD if is_hold else Kind.POST,
                asked,
                date(2023, 1, 1),
                expires_at=ends,
                opens=tuple(opened),
                expects=tuple(expected),
                closes=() if is_hold else tuple(closed),
            ),
            is_last=is_last,
        )

    @precondition(lambda self: self.sent)
    @rule(
        again=rarely.flatmap(lambda is_odd: st.integers(0, 99) if is_odd else st.none()),
        back=st.integers(0, 5),
        is_void=st.booleans(),
        is_odd=rarely,
        given=st.lists(st.integers(0, 8), max_size=4) | st.lists(st.integers(-1, 40), max_size=4),
        is_last=st.booleans(),
    )
    def resume(
        self,
        again: int | None,
        back: int,
        given: list[int],
        *,
        is_void: bool,
        is_odd: bool,
        is_last: bool,
    ) -> None:
        """Add a chain that continues another, one of the last, to the batch."""
        of = self.sent[-1 - back % len(self.sent)]
        resolve = Kind.VOID if is_void else Kind.COMMIT
        kind = resolve if (of.kind is Kind.HOLD) is not is_odd else Kind.REVERSE
        count_of = len(of.legs) or len(given)
        amounts_given = tuple((given * 4)[:count_of]) if kind is Kind.COMMIT else ()
        self._send(
            Chain(
                self._id(again),
                self.institution,
                kind,
                (),
                date(2023, 1, 1),
                of=of.id,
                amounts=tuple(given) if is_odd and kind is Kind.COMMIT else amounts_given,
            ),
            is_last=is_last,
        )

    @precondition(lambda self: self.batch)
    @rule()
    def repeat(self) -> None:
        """Send the last chain of the batch again in it."""
        self.batch += self.batch[-1:]

    @precondition(lambda self: self.sent)
    @rule(back=st.integers(0, 9), most=st.integers(1, 3))
    def send_again(self, back: int, most: int) -> None:
        """Send some of the last chains again, as they were, in a batch of their own."""
        self.submit()
        last = len(self.sent) - back % len(self.sent)
        self.batch += self.sent[max(0, last - most) : last]
        self.submit()

    @precondition(lambda self: self.sent)
    @rule(minutes=st.integers(0, 4))
    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.batch)
    @rule()
    def submit(self) -> None:
        """Hand the batch in, and compare every answer."""
        found = self.writers[0].submit([Submission(each) for each in self.batch], at=self.now)
        self._compare_sweep()
        stale: set[UUID] = set()
        for chain, result in zip(self.batch, found, strict=True):
            if chain.id in stale:  # the first of an id decides for its batch
                expected: tuple[Result, tuple[int, ...], bool] = (Result.STALE, (), True)
            else:
                expected = self.model.post(chain, self.now)
            if expected[0] is Result.STALE:
                stale.add(chain.id)
            kept = result.amounts if result.is_posted else ()
            assert (result.result, kept, result.first) == expected, chain
        self.batch = []

    @precondition(lambda self: self.sent)
    @rule()
    def expire(self) -> None:
        """Sweep what is overdue."""
        self.submit()
        results = self.writers[0].expire(at=self.now)
        assert all(each.is_posted for each in results)
        self._compare_sweep()

    def _compare_sweep(self) -> None:
        """Every batch begins by voiding what is overdue, of all institutions.

        The holds other examples left are among them, far fewer than one sweep takes.
        """
        swept, self.swept = self.swept, []
        expected = self.model.sweep(self.institution, self.now)
        assert sorted(swept, key=lambda void: void.id) == sorted(expected, key=lambda void: void.id)

    @precondition(lambda self: self.sent)
    @rule()
    def change_places(self) -> None:
        """Let a writer that knows nothing of the last batches hand in the next one."""
        self.writers.reverse()

    @invariant()
    def stands_as_the_model_does(self) -> None:
        """Every account is the model's; debits equal credits in every asset."""
        if self.batch:
            return
        with self.database.transaction() as conn:
            found = balances(conn, self.institution, [spec.name for spec in SPECS])
        assert {name: (b.balance, b.pending_in, b.pending_out) for name, b in found.items()} == {
            name: tuple(account) for name, account in self.model.accounts.items()
        }
        for asset in (CNY, USD):
            of_asset = [found.get(spec.name, Balance()) for spec in SPECS if spec.asset is asset]
            assert sum(each.balance for each in of_asset) == 0
            assert sum(each.pending_in - each.pending_out for each in of_asset) == 0


def test_the_ledger_stands_as_its_model_does(database: Database) -> None:
    machine = type("BoundMachine", (LedgerMachine,), {"database": database})
    examples = max(1, settings().max_examples * 2 // 5)
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=40, deadline=None)
    )
    with database.transaction() as conn:
        assert list(verify(conn)) == []
