"""Random expressions of the world, and random rows for them; the same seed makes the same ones.

The expressions are text, so that they pass the reader and the checker like any other.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from qianhai.rules import (
    ABSENT,
    Bool,
    Currency,
    Date,
    Enum,
    Env,
    Integer,
    List,
    Money,
    Number,
    Rate,
    Set,
    Type,
)
from rules.world import CLAUSES, FACTS, PARAMETERS, SWITCHES

_DAYS: Final = [
    date(2023, 1, 31), date(2023, 2, 28), date(2024, 2, 29), date(2024, 3, 31), date(2023, 12, 31),
    date(2000, 2, 29), date(1999, 11, 30),
]  # fmt: skip
_AMOUNTS: Final = [
    "0", "0.00", "0.01", "-0.01", "1", "3", "10.00", "5000000.26", "999999999999999999.99",
    "-92233720368547758.08", "123456789012345678.123456",
]  # fmt: skip
_RATES: Final = ["1", "0.3", "7", "7.2", "0.00000001", "99999.999999", "1.0000"]
_CURRENCIES: Final = ["CNY", "USD", "HKD"]
_TEXTS: Final = ["", "a", "it's", "前海", "x; DROP TABLE t"]


class Maker:
    """A source of expressions and rows."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 (no secret is made)
        self.in_row = False
        self.depth = 0

    def pick(self, *ways: Callable[[], str]) -> str:
        """Choose a way; the first two are leaves, and the only ones when it gets deep."""
        self.depth += 1
        text = self.random.choice(ways if self.depth < 6 else ways[:2])()
        self.depth -= 1
        return text

    def one(self, *words: str) -> Callable[[], str]:
        return lambda: self.random.choice(words)

    def row_or(self, field: str, *words: str) -> Callable[[], str]:
        """Choose a field of the row inside a list function, another name outside."""
        return lambda: self.random.choice([field, *words] if self.in_row else words)

    def parted(self, operator: str, left: str, right: str) -> str:
        return f"({left} {operator} {right})"

    def case(self, kind: Callable[[], str]) -> Callable[[], str]:
        return lambda: f"case when {self.truth()} then {kind()} else {kind()} end"

    def folded(self, form: str, body: Callable[[], str], field: str) -> Callable[[], str]:
        """Ask a list; inside one, where no other list is asked, take a field or a name."""

        def fold() -> str:
            if self.in_row:
                return field
            self.in_row = True
            text = form.format(body())
            self.in_row = False
            return text

        return fold

    def listed(self, kind: Callable[[], str]) -> str:
        return ", ".join(kind() for _ in range(self.random.randint(1, 3)))

    def compared(self, kind: Callable[[], str]) -> Callable[[], str]:
        return lambda: self.parted(
            self.random.choice(["=", "<>", "<", "<=", ">", ">="]), kind(), kind()
        )

    # --- one way for each kind -----------------------------------------------------------------

    def truth(self) -> str:
        guarded = "due is {} null {} days_between(on, due) {} 3"
        return self.pick(
            self.row_or("ok", "paid", "ok", "has_due"),
            self.one("true", "false", "due is null", "is_open('9a')", "count is not null"),
            lambda: self.parted("and", self.truth(), self.truth()),
            lambda: self.parted("or", self.truth(), self.truth()),
            lambda: f"not {self.truth()}",
            lambda: f"({self.truth()} and {self.truth()} or {self.truth()} and not {self.truth()})",
            self.compared(self.yuan),
            self.compared(self.whole),
            self.compared(self.share),
            self.compared(self.money),
            self.compared(self.day),
            lambda: f"({self.share()} between {self.share()} and {self.share()})",
            lambda: f"({self.day()} not between {self.day()} and {self.day()})",
            lambda: f"({self.whole()} in ({self.listed(self.whole)}))",
            lambda: f"({self.yuan()} not in ({self.listed(self.yuan)}))",
            lambda: f"({self.word()} in ({self.listed(self.word)}))",
            lambda: f"(kind in p.barred or {self.whole()} not in p.steps)",
            lambda: self.parted("<>", self.word(), self.word()),
            lambda: self.parted("=", self.text(), self.text()),
            lambda: "(switch('scope.amount') = 'net')",
            lambda: f"({guarded.format('not', 'and', self.random.choice('<>='))})",
            lambda: f"({guarded.format('', 'or', self.random.choice('<>='))})",
            lambda: self.parted("=", "amount.currency", self.random.choice(["'CNY'", "'USD'"])),
            self.case(self.truth),
            self.folded("all_of(rows, {})", self.truth, "ok"),
            self.folded("any_of(rows, {})", self.truth, "ok"),
        )

    def whole(self) -> str:
        return self.pick(
            self.row_or("days", "days", "p.days.max"),
            self.one("0", "1", "-3", "1200", "days", "coalesce(count, 2)"),
            lambda: self.parted(self.random.choice("+-*"), self.whole(), self.whole()),
            lambda: f"days_between({self.day()}, {self.day()})",
            lambda: f"age_on(born, {self.day()})",
            lambda: f"greatest({self.whole()}, {self.whole()})",
            self.case(self.whole),
            self.folded("count_of(rows, {})", self.truth, "days"),
            self.folded("sum_of(rows, {})", self.whole, "days"),
        )

    def share(self) -> str:
        return self.pick(
            self.one("share", "p.factor", "coalesce(weight, p.spare, 0.5)"),
            self.one("0.8", "1.0", "1000000.000001", "share", "3"),
            lambda: self.parted(self.random.choice("+-"), self.share(), self.share()),
            lambda: f"share * {self.whole()}",
            lambda: f"- {self.share()}",
            lambda: f"least({self.share()}, {self.share()}, p.factor)",
            self.case(self.share),
            self.folded("sum_of(others, {})", lambda: "coalesce(weight, share)", "share"),
        )

    def yuan(self) -> str:
        return self.pick(
            self.row_or("fee", "p.cap", "fee", "row_fees"),
            self.one("fee", "p.cap", "in_yuan", "by_quote", "coalesce(bonus, 0)"),
            self.one(
                "in_currency(price, 'CNY', dollar)",
                "in_currency(price, 'CNY', yuan)",
                "coalesce(bonus, by_quote)",
            ),
            lambda: self.parted(self.random.choice("+-"), self.yuan(), self.yuan()),
            lambda: f"{self.yuan()} * p.factor",
            lambda: f"- {self.yuan()}",
            lambda: f"greatest(0, {self.yuan()}, {self.yuan()})",
            self.case(self.yuan),
            self.folded("sum_of(rows, {})", lambda: "in_currency(amount, 'CNY', rate)", "fee"),
            self.folded("max_of(rows, {}, p.cap)", lambda: "fee * days", "fee"),
            lambda: (
                f"in_currency({self.money()}, 'CNY', {self.random.choice(['rate', 'quote'])})"
                if not self.in_row
                else "in_currency(amount, 'CNY', quote)"
            ),
        )

    def money(self) -> str:
        if self.in_row:
            return "amount"
        return self.pick(
            self.one("amount"),
            self.one("amount * 2", "amount.amount", "in_currency(loan, amount.currency, swap)"),
            lambda: self.parted(self.random.choice("+-"), self.money(), self.money()),
            lambda: f"p.factor * {self.money()}",
            self.case(self.money),
        )

    def day(self) -> str:
        return self.pick(
            self.row_or("on", "on", "loan.on", "born"),
            self.one("DATE '2024-02-29'", "p.start", "coalesce(due, loan.on)"),
            lambda: f"add_months({self.day()}, {self.whole()})",
            lambda: f"least({self.day()}, {self.day()})",
            lambda: "case when due is null then on else due end",
            self.case(self.day),
            self.folded("min_of(rows, {}, loan.on)", self.day, "on"),
        )

    def word(self) -> str:
        return self.pick(self.one("kind"), self.one("other_kind", "'trade'"), self.case(self.word))

    def text(self) -> str:
        return self.pick(
            self.one("note", "'a'", "'it''s'"), self.one("coalesce(remark, 'x')", "note")
        )

    def expression(self) -> str:
        """Return an expression of any kind."""
        ways = (self.truth, self.truth, self.yuan, self.share, self.whole, self.day, self.text)
        return self.random.choice(ways)()

    # --- rows ----------------------------------------------------------------------------------

    def value(self, kind: Type) -> object:  # noqa: C901 (one line a kind)
        """Return a known value of a kind, extreme ones among them."""
        choose = self.random.choice
        if kind.optional and self.random.random() < 0.3:
            return ABSENT
        match kind:
            case Bool():
                return choose([True, False])
            case Integer():
                return choose([0, 1, 2, 3, -1, 12, 365, 10**6])
            case Number():
                return Decimal(choose([*_RATES, "0", "-0.5", "0.123456789012"]))
            case Money():
                return Decimal(choose(_AMOUNTS))
            case Rate():
                return Decimal(choose(_RATES))
            case Date():
                return choose(_DAYS) + timedelta(days=choose([0, 0, 1, -1, 40]))
            case Currency():
                return choose(_CURRENCIES)
            case Enum(values=values):
                return choose(values)
            case Set(item=item):
                return tuple(self.value(item) for _ in range(self.random.randint(0, 3)))
            case List(fields=fields):
                return [self.values(fields, 0.0) for _ in range(self.random.randint(0, 3))]
        return choose(_TEXTS)

    def values(self, kinds: Mapping[str, Type], unknown: float) -> dict[str, object]:
        """Return values by name, some of them unknown: as `None`, or not there at all."""
        found: dict[str, object] = {}
        for name, kind in kinds.items():
            if self.random.random() >= unknown:
                found[name] = self.value(kind)
            elif self.random.random() < 0.5:
                found[name] = None
        return found

    def row(self, unknown: float) -> Env:
        """Return a row; each name is unknown with a chance, and so is each field of a list."""
        facts = self.values(FACTS, unknown)
        for name, kind in FACTS.items():
            if isinstance(kind, List) and facts.get(name) is not None:
                count = self.random.randint(0, 3)
                facts[name] = [self.values(kind.fields, unknown / 2) for _ in range(count)]
        parameters = self.values(PARAMETERS, unknown / 2)
        switches = {
            name: self.random.choice(kind.values)
            for name, kind in SWITCHES.items()
            if self.random.random() >= unknown / 2
        }
        clauses = [clause for clause in CLAUSES if self.random.random() < 0.5]
        return Env(facts, parameters, switches, clauses)

    def completed(self, env: Env, only: Callable[[str], bool]) -> Env:
        """Return the row with the unknown names a test asks for made known, and no other."""
        facts = dict(env.facts)
        for name, kind in FACTS.items():
            rows = facts.get(name)
            if not only(name):
                continue
            if rows is None:
                facts[name] = self.value(kind)
            elif isinstance(kind, List) and isinstance(rows, list):
                facts[name] = [
                    {
                        field: self.value(inner) if row.get(field) is None else row[field]
                        for field, inner in kind.fields.items()
                    }
                    for row in rows
                ]
        parameters = {
            name: self.value(kind)
            if env.parameters.get(name) is None and only(f"p.{name}")
            else env.parameters.get(name)
            for name, kind in PARAMETERS.items()
        }
        switches = dict(env.switches)
        for name, kind in SWITCHES.items():
            if name not in switches and only(f"switch('{name}')"):
                switches[name] = self.random.choice(kind.values)
        return Env(facts, parameters, switches, env.open_clauses)
