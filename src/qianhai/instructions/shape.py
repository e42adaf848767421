"""Shape: a permitted verdict becomes one chain of legs.

Limits are drawn first, then positions move, then money: the first thing that does not fit is
then what the sender is told. Nothing is posted here, and nothing is rounded: an amount that is
not whole minor units is a mistake of the pack.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from qianhai.instructions.accounts import (
    AccountBook,
    limit_name,
    position_asset,
    position_name,
    quota_asset,
)
from qianhai.instructions.model import Drawn, Known, Named
from qianhai.kernel import SHANGHAI, BrokenIntegrity, Flaw, Place
from qianhai.ledger import INT64_MAX, AccountSpec, Asset, Balance, Chain, Kind, Leg, account_name
from qianhai.policy import Draw, Policy, Verdict
from qianhai.rules import Money


@dataclass(slots=True)
class Shaped:
    """A chain being shaped, and what each of its legs is for.

    `owners` names, leg by leg, the limit, position or account the leg is about; `lacking` are
    accounts that could not be found; `debited` are the specs of accounts that pay. `begun` are
    accounts opened though nothing moves yet, `closes` those that end.
    """

    legs: list[Leg] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    opens: dict[str, AccountSpec] = field(default_factory=dict)
    expects: list[tuple[str, int]] = field(default_factory=list)
    drawn: list[Drawn] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    closes: list[str] = field(default_factory=list)
    debited: list[AccountSpec] = field(default_factory=list)

    def add(self, owner: str, leg: Leg) -> None:
        """Add one leg and what it is for."""
        self.legs.append(leg)
        self.owners.append(owner)

    def open(
        self,
        name: str,
        asset: Asset,
        kind: str,
        holder: str,
        *,
        floor: int | None = None,
        ceiling: int | None = None,
    ) -> str:
        """Have an account opened where it is not, and return its name."""
        self.opens[name] = AccountSpec(name, asset, kind, holder, floor, ceiling)
        return name


def shape_limits(shaped: Shaped, policy: Policy, row: Known, verdict: Verdict) -> None:
    """Add the draws of every limit, pool by pool, or what a negative amount gives back."""
    facility = policy.pack.facilities[row.compiled.facility]
    releasable = {name for action in facility.actions.values() for name in action.release}
    for limit, draws in groupby(verdict.draws, key=lambda draw: draw.limit.id):
        _draw(shaped, row, list(draws), can_return=limit in releasable)


def _draw(shaped: Shaped, row: Known, draws: Sequence[Draw], *, can_return: bool) -> None:
    amount = draws[0].amount
    assert amount is not None, "a permitted business knows what it draws"
    if amount == 0:
        return
    if abs(amount) > INT64_MAX:
        raise OverflowError(str(amount))
    for at, draw in enumerate(draws):
        named = limit_name(row, draw.limit.id, draw.pool.id)
        if named is None:
            shaped.lacking.append(draw.pool.holder)
            return
        asset = quota_asset(named.asset, named.scale)
        shaped.open(named.account, asset, "limit", named.holder, floor=0)
        # What a negative amount gives back is nobody's draw of its own.
        source = _source(shaped, row, draw, asset, can_return=can_return and amount > 0)
        if amount < 0:
            shaped.add(f"limit.{draw.limit.id}", Leg(named.account, source, -amount))
            return
        assert draw.cap is not None, "a permitted business knows its ceiling"
        asked = amount if at == 0 else 0
        spills = at < len(draws) - 1
        shaped.add(f"limit.{draw.limit.id}", Leg(source, named.account, asked, draw.cap, spills))
        shaped.drawn.append(
            Drawn(
                draw.limit.id,
                draw.pool.id,
                named.account,
                source if can_return else "",
                named.asset,
                named.scale,
                named.holder,
            )
        )


def _source(shaped: Shaped, row: Known, draw: Draw, asset: Asset, *, can_return: bool) -> str:
    """Return the account a draw comes from: its own, where its units may come back."""
    if can_return:
        what = f"{row.compiled.measure}.{draw.limit.id}.{draw.pool.id}"
        name = account_name("drawn", what, row.instruction.id)
        return shaped.open(name, asset, "drawn", row.instruction.id, ceiling=0)
    return shaped.open(f"granted:{asset.code}", asset, "granted", "")


def shape_positions(
    shaped: Shaped, policy: Policy, row: Known, verdict: Verdict, stands: dict[str, Balance]
) -> None:
    """Add what is opened and closed, and give back limits in proportion of what is closed."""
    action = row.compiled.action
    for word, names in (("opens", action.opens), ("closes", action.closes)):
        for name in names:
            named = position_name(policy, row, name)
            if named is None:
                shaped.lacking.append(name)
                continue
            amount = _minor(row, f"{word}.{name}", verdict.values[f"{word}.{name}"], named.scale)
            asset = position_asset(named.asset)
            shaped.open(named.account, asset, "position", named.holder, floor=0)
            contra = shaped.open(f"contra:{asset.code}", asset, "contra", "")
            if amount and word == "opens":
                shaped.add(f"position.{name}", Leg(contra, named.account, amount))
            elif amount:
                shaped.add(f"position.{name}", Leg(named.account, contra, amount))
            if word == "closes":
                _release(shaped, row, named, amount, stands)


def _release(
    shaped: Shaped, row: Known, closed: Named, amount: int, stands: dict[str, Balance]
) -> None:
    """Give back a draw's own units: in proportion, and the last part takes the remainder.

    What remains is read before the legs are handed in, so the chain expects it unchanged.
    """
    if row.root is None:
        return
    remaining = stands.get(closed.account, Balance()).balance
    for drawn in row.root.drawn:
        mode = row.compiled.action.release.get(drawn.limit)
        if mode is None or not drawn.source:
            continue
        units = -stands.get(drawn.source, Balance()).balance
        is_last = mode == "all" or amount >= remaining
        back = units if is_last else units * amount // remaining
        shaped.expects += [(closed.account, remaining), (drawn.source, -units)]
        if back > 0:
            shaped.add(f"limit.{drawn.limit}", Leg(drawn.account, drawn.source, back))


def accounts_to_read(policy: Policy, row: Known) -> list[str]:
    """Return the accounts whose balances a release is computed from."""
    names = [position_name(policy, row, name) for name in row.compiled.action.closes]
    found = [named.account for named in names if named]
    return found + [drawn.source for drawn in (row.root.drawn if row.root else ()) if drawn.source]


def shape_money(shaped: Shaped, row: Known, verdict: Verdict, book: AccountBook) -> None:
    """Add the money legs whose condition holds."""
    for at, leg in enumerate(row.compiled.action.legs):
        key = f"leg.{at}"
        if not verdict.guards[f"{key}.when"]:
            continue
        currency = currency_of(row, f"{key}.amount")
        debit, credit = (book.find(row, name, currency) for name in (leg.debit, leg.credit))
        shaped.lacking += [n for n, a in ((leg.debit, debit), (leg.credit, credit)) if a is None]
        if debit is None or credit is None:
            continue
        amount = _minor(row, f"{key}.amount", verdict.values[f"{key}.amount"], debit.asset.scale)
        if amount == 0:
            continue
        # Between two books money passes through the link of each, so that each balances alone.
        way = (debit, *book.links(debit, credit), credit)
        shaped.opens |= {one.name: one for one in way}
        shaped.debited.append(debit)
        for paying, paid in zip(way[::2], way[1::2], strict=True):
            shaped.add(f"account.{leg.debit}", Leg(paying.name, paid.name, amount))


def currency_of(row: Known, key: str) -> str:
    """Return the currency an amount of the pack is in, as its expression proves."""
    kind = row.compiled.values[key].type
    assert isinstance(kind, Money), f"{key} is money"
    return kind.currency if kind.currency.isupper() else str(row.facts.get(kind.currency) or "")


def _minor(row: Known, key: str, value: object, scale: int) -> int:
    """Return an exact amount in minor units.

    Raises:
        BrokenIntegrity: the pack's expression gives a fraction of a minor unit.
        OverflowError: no account can hold the amount.
    """
    assert isinstance(value, int | Decimal | Fraction), f"{key} is known when it is posted"
    scaled: Fraction = Fraction(value) * 10**scale
    if scaled.denominator != 1:
        where = Place(f"{row.compiled.facility}.{row.compiled.name}", None, key)
        raise BrokenIntegrity(
            [
                Flaw(
                    "P300",
                    where,
                    str(value),
                    f"at most {scale} decimals",
                    f"`{key}` gives {value}, which is no whole number of minor units;"
                    " round it in the facts.",
                    f"“{key}”得出 {value}，不是最小货币单位的整数倍，请在事实中先行取整。",
                )
            ]
        )
    if abs(scaled) > INT64_MAX:
        raise OverflowError(str(value))
    return scaled.numerator


def as_chain(shaped: Shaped, row: Known, verdict: Verdict) -> Chain | None:
    """Return the chain of a shaped instruction; None when there is nothing to move."""
    instruction, action = row.instruction, row.compiled.action
    if action.settles:
        assert row.root is not None, "what is settled was held before"
        kind = Kind.COMMIT if action.settles == "commit" else Kind.VOID
        return Chain(
            instruction.chain_id,
            instruction.institution_id,
            kind,
            (),
            instruction.value_on,
            of=row.root.chain_id,
            expects=tuple(row.read.items()),
        )
    if not (shaped.legs or shaped.begun or shaped.closes):
        return None
    until = verdict.values.get("hold_until")
    return Chain(
        instruction.chain_id,
        instruction.institution_id,
        Kind.HOLD if action.hold_until else Kind.POST,
        tuple(shaped.legs),
        instruction.value_on,
        expires_at=end_of_day(until) if isinstance(until, date) else None,
        expects=(*shaped.expects, *row.read.items()),
        opens=tuple(_named_only(shaped)),
        closes=tuple(shaped.closes),
    )


def _named_only(shaped: Shaped) -> Iterable[AccountSpec]:
    used = {name for leg in shaped.legs for name in (leg.debit, leg.credit)}
    used |= {*shaped.begun, *shaped.closes}
    return (spec for name, spec in shaped.opens.items() if name in used)


def end_of_day(day: date) -> datetime:
    """Return the instant a day ends in Shanghai.

    >>> end_of_day(date(2023, 6, 30)).isoformat()
    '2023-06-30T16:00:00+00:00'
    """
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)
