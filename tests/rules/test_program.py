"""The compiled program: exact, safe against any name, bound once for a date."""

import decimal
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import pytest

from qianhai.rules import (
    ABSENT,
    Bool,
    Currency,
    Env,
    Integer,
    Money,
    Number,
    Rate,
    RuleError,
    Scope,
    Source,
    Text,
    ceil_minor,
    check,
    chinese,
    english,
    evaluate,
    floor_minor,
    to_python,
)
from rules.world import FACTS, PARAMETERS, SCOPE, checked

AT = Source("a.yaml")


def test_a_program_answers_conditions_and_values_in_one_call() -> None:
    program = to_python(
        {"within": checked("in_yuan <= p.cap"), "open": checked("is_open('9a')")},
        {"draw": checked("by_quote"), "weight": checked("in_yuan * p.factor"), "on": checked("on")},
    )
    bound = program.bind({"cap": Decimal(100), "factor": Decimal("0.5")}, {}, {"9a"})
    facts = {
        "amount.amount": Decimal(10), "amount.currency": "USD", "rate": Decimal("7.2"),
        "quote": Decimal("0.14"), "on": date(2023, 2, 23),
    }  # fmt: skip
    assert bound.run(facts) == (
        {"within": True, "open": True},
        {"draw": Fraction(500, 7), "weight": Decimal("36.00"), "on": date(2023, 2, 23)},
    )
    assert bound.run({}) == (
        {"within": None, "open": True},
        {"draw": None, "weight": None, "on": None},
    )


def test_no_name_of_the_pack_becomes_code() -> None:
    evil = "x'); raise SystemExit #"
    scope = Scope(facts={evil: Bool(), "ok": Bool(), "note": Text()})
    quoted = evil.replace("'", "''")
    expr = check(f"ok and note = '{quoted}'", scope, at=AT)
    program = to_python({evil: expr, "\n    import os": expr}, {'"""': expr})
    answers, values = program.run({"ok": True, "note": evil}, {}, {}, ())
    assert answers == {evil: True, "\n    import os": True}
    assert values == {'"""': True}


def test_the_callers_decimal_context_is_left_as_it_was() -> None:
    bound = to_python({}, {"it": checked("fee * p.factor")}).bind(
        {"factor": Decimal("0.3")}, {}, ()
    )
    with decimal.localcontext(prec=3) as context:
        assert bound.run({"fee": Decimal("1234567.89")})[1] == {"it": Decimal("370370.367")}
        with pytest.raises(TypeError):
            bound.run({"fee": "text"})
        assert decimal.getcontext() is context
        assert decimal.getcontext().prec == 3


def test_a_number_that_does_not_fit_is_raised_and_never_rounded() -> None:
    expr = checked("share * share * share * share")
    row = {"share": Decimal("1." + "1" * 40)}
    with pytest.raises(decimal.Inexact):
        to_python({}, {"it": expr}).run(row, {}, {}, ())
    with pytest.raises(decimal.Inexact):
        evaluate(expr, Env(row))


def test_a_constant_of_the_date_is_computed_when_bound_and_a_repeated_part_once() -> None:
    program = to_python(
        {"a": checked("in_yuan * 2 <= p.cap * p.factor"), "b": checked("in_yuan * 2 > fee")}, {}
    )
    before, _, after = program.code.partition("def run")
    run, _, trace = after.partition("def trace")
    assert before.count("MULTIPLY(") == 1
    assert run.count(", 2)") == trace.count(", 2)") == 1


def test_deep_and_wide_rules_compile() -> None:
    deep = "fee" + " * 2" * 50
    wide = " and ".join(f"days <> {number}" for number in range(200))
    chain = "case " + "".join(f"when days = {n} then {n} " for n in range(60)) + "else 0 end"
    inside = "sum_of(rows, case when ok then fee" + " * 2" * 50 + " else 0 end)"
    nested = "fee"
    for _ in range(25):
        nested = f"case when paid then {nested} + fee else 0 end"
    exprs = [checked(text) for text in (deep, chain, inside, nested)]
    program = to_python({"w": checked(wide)}, {str(n): expr for n, expr in enumerate(exprs)})
    facts = {"fee": Decimal(1), "days": 7, "rows": [{"ok": True, "fee": Decimal(3)}], "ok": True}
    answers, values = program.run(facts, {}, {}, ())
    assert answers == {"w": False}
    assert values == {str(n): evaluate(expr, Env(facts)) for n, expr in enumerate(exprs)}
    assert values["0"] == 2**50


def test_an_expected_kind_shapes_literals_and_whole_numbers() -> None:
    assert checked("0", Money("CNY")).type == Money("CNY")
    assert to_python({}, {"it": checked("0", Money("CNY"))}).run({}, {}, {}, ())[1] == {"it": 0}
    assert checked("days", Number()).type == Integer()
    whole = to_python({}, {"it": checked("days * share")}).run(
        {"days": 3, "share": Decimal(1)}, {}, {}, ()
    )
    assert whole[1] == {"it": Decimal(3)}


def test_the_names_an_expression_needs_are_known() -> None:
    expr = checked(
        "in_yuan <= p.cap and any_of(rows, days > p.days.max) "
        "and switch('scope.amount') = 'net' and is_open('9b') and due is null"
    )
    assert expr.facts == {"amount.amount", "amount.currency", "rate", "rows", "due"}
    assert expr.parameters == {"cap", "days.max"}
    assert expr.switches == {"scope.amount"}
    assert expr.clauses == {"9b"}


def test_a_currency_must_be_a_fact_of_its_own() -> None:
    scope = Scope(facts={"fine": Money("nowhere.currency")})
    with pytest.raises(RuleError, match=r"P204 unknown fact `nowhere\.currency`"):
        check("money_in(fine, 'CNY') > 0", scope, at=AT)


def test_parameters_may_state_money_in_their_own_currency() -> None:
    scope = replace(
        SCOPE,
        parameters=PARAMETERS
        | {
            "floor.amount": Money("p.floor.currency"),
            "floor.currency": Currency(),
            "spot": Rate("CNY", "p.floor.currency"),
        },
    )
    expr = check("fee >= in_currency(p.floor, 'CNY', p.spot)", scope, at=AT)
    parameters = {"floor.amount": Decimal(1), "floor.currency": "USD", "spot": Decimal(7)}
    assert evaluate(expr, Env({"fee": Decimal(7)}, parameters)) is True


def test_values_show_themselves_plainly() -> None:
    assert repr(ABSENT) == "ABSENT"
    for kind in (*FACTS.values(), *PARAMETERS.values()):
        assert english(kind)
        assert chinese(kind)


def test_rounding_is_once_and_in_one_direction() -> None:
    assert (ceil_minor(Fraction(1, 3), 2), floor_minor(Fraction(1, 3), 2)) == (34, 33)
    assert (ceil_minor(Decimal("-0.001"), 2), floor_minor(Decimal("-0.001"), 2)) == (0, -1)
    assert (ceil_minor(5, 0), floor_minor(5, 2)) == (5, 500)


def test_a_trace_tells_the_conditions_in_their_order() -> None:
    conditions = {
        "a": checked("fee * 2 <= p.cap"),
        "b": checked("paid or days > 3"),
        "c": checked("case when paid then fee < p.cap * share else days = 7 end"),
        "d": checked("paid"),
    }
    bound = to_python(conditions, {"v": checked("fee * share")}).bind({"cap": Decimal(10)}, {}, ())
    rows: list[dict[str, object]] = [
        {},
        {"fee": Decimal(5), "days": 7, "paid": False},
        {"fee": Decimal(6), "days": 2, "paid": None, "share": Decimal(7)},
        {"fee": Decimal(6), "days": 7, "share": Decimal(7)},
    ]
    told = [bound.trace(row) for row in rows]
    assert told == [tuple(bound.run(row)[0].values()) for row in rows]
    assert told == [
        (None, None, None, None),
        (True, True, True, False),
        (False, None, None, None),
        (False, True, True, None),
    ]
    assert to_python({}, {}).bind({}, {}, ()).trace({}) == ()


def test_facts_may_come_in_any_mapping_and_are_read_only_where_they_are_needed() -> None:
    class Asked(dict[str, object]):
        def __getitem__(self, name: str) -> object:
            names.append(name)
            return super().__getitem__(name)

    names: list[str] = []
    bound = to_python(
        {
            "it": checked(
                "case when paid then fee <= p.cap * share and share <= 9 else days = 7 end"
            )
        },
        {},
    ).bind({}, {}, ())
    assert bound.trace(Asked(paid=False, days=7)) == (True,)
    assert names == ["paid", "days"]
    assert bound.trace(MappingProxyType({"paid": True, "fee": Decimal(1)})) == (None,)


def test_numbers_keep_their_kind_however_few_are_computed() -> None:
    few = {
        "sum": checked("days + 2 - 1"),
        "case": checked("case when paid then days else 2 end * 3"),
        "filled": checked("coalesce(count, 0) * 2"),
        "count": checked("count_of(rows, ok) * 2"),
        "least": checked("-least(days, 4)"),
        "most": checked("max_of(rows, days, 0) + 1"),
        "between": checked("days_between(born, on) + 1"),
        "fee": checked("-fee"),
        "both": checked("fee - fee * share"),
    }
    many = few | {f"more{n}": checked(f"fee * share * {n} + fee") for n in range(2, 12)}
    row = {
        "days": 3,
        "paid": True,
        "count": 4,
        "rows": [{"ok": True, "days": 5}, {"ok": True, "days": 2}],
        "born": date(2026, 1, 1),
        "on": date(2026, 2, 1),
        "fee": Decimal("0.10"),
        "share": Decimal("0.3"),
    }
    for exprs in (few, many):
        program = to_python({}, exprs)
        values = program.run(row, {}, {}, ())[1]
        expected = {key: evaluate(expr, Env(row)) for key, expr in exprs.items()}
        assert values == expected
        assert {k: type(v) for k, v in values.items()} == {k: type(v) for k, v in expected.items()}
    assert "setcontext" not in to_python({}, few).code
    assert "setcontext" in to_python({}, many).code
