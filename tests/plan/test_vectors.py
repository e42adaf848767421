"""The rules' own vectors, held apart from the pack: editing an example moves nothing here.

A row tells what differs from the sound case of its facility (sound.py), under which reading, on
which day. Must not read the pack's examples.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from plan.sound import SOUND, money, no, yes
from plan.the_pack import POLICY
from qianhai.kernel import Place
from qianhai.policy import Decision, read_facts

pytestmark = pytest.mark.untraced

_JUNE = "2023-06-30"
_ZONE = {"enterprise.is_eligible": "true", "refund.on": "2023-06-30", "original.on": "2022-12-31"}
_CLASS_B = {"enterprise.class": "B"}
_OTHER_ROUTE = {**_ZONE, "original.on": "2023-06-20", "is_original_route": "false"}
_SMALL = {**_CLASS_B, "refund.amount": "49999.99"}
_REASON = {"reason_evidence": "true"}
_OUTSIDE = {"lender.in_zone": "false"}
_EUR = {"amount.currency": "EUR"}
_CNY_LONG = {**money("amount", "1.00"), "term_days": "731"}
_THIRD_FUND = {
    **money("manager.quota", "500000000"),
    "quota_used": "450000000",
    "fund.size": "0",
    "fund.paid_in": "0",
}
#: By facility: rule or example, day, reading, what differs, outcome.
VECTORS: Mapping[str, tuple[tuple[str, str, str, Mapping[str, str], str], ...]] = {
    "overseas_rmb_loan": (
        ("R10", _JUNE, "", {}, "permitted"),
        ("R10", _JUNE, "", money("outstanding", "5000000"), "refused"),
        ("R10", _JUNE, "", {"borrower.size": "medium"}, "refused"),
        ("R10", _JUNE, "", money("amount", "0.01", "USD"), "refused"),
        ("R10", "2023-02-22", "", {}, "refused"),
    ),
    "qflp_resize": (
        ("R41", _JUNE, "", {}, "permitted"),
        ("R41", _JUNE, "", {"quota_used": "10.00"}, "refused"),
        ("R41", _JUNE, "", {"new_size": "4.00", "fund.paid_in": "4.50"}, "refused"),
        ("e07.1", "2024-06-30", "",
         {**_THIRD_FUND, "new_size": "60000000"}, "refused"),
        ("e07.1", "2024-06-30", "",
         {**_THIRD_FUND, "new_size": "50000000"}, "permitted"),
    ),
    "pilot_combination": (
        ("R42", _JUNE, "", yes("holds_qflp"), "permitted"),
        ("R42", _JUNE, "", yes("holds_wfoe"), "permitted"),
        ("R42", _JUNE, "", yes("holds_qflp", "holds_wfoe"), "referred"),
        ("R42", _JUNE, "", {**yes("holds_qflp"), "applies_for": "WFOE"}, "referred"),
        ("e07.7", "2026-05-06", "", {}, "permitted"),
        ("e07.7", "2026-05-08", "", {}, "incomplete"),
    ),
    "trade_settlement_on_instruction": (
        ("R54", _JUNE, "", {}, "permitted"),
        ("R54", _JUNE, "", _EUR, "permitted"),
        ("R54", _JUNE, "54.zone_scope=all", {}, "ordinary"),
        ("R54", _JUNE, "", no("diligence_is_current"), "ordinary"),
        ("R54", _JUNE, "", no("enterprise.is_quality"), "ordinary"),
        ("R54", _JUNE, "", yes("enterprise.under_alarm"), "ordinary"),
        ("R54", _JUNE, "54.rmb_bank=any", no("bank.in_pilot"), "permitted"),
        ("R54", _JUNE, "54.rmb_bank=any", {**no("bank.in_pilot"), **_EUR}, "ordinary"),
        ("R54", "2023-02-22", "", {}, "ordinary"),
    ),
    "special_refund": (
        ("R55", "2023-06-29", "", {**_ZONE, "refund.on": "2023-06-29"}, "ordinary"),
        ("R55", _JUNE, "", _ZONE, "permitted"),
        ("R55", _JUNE, "", {**_OTHER_ROUTE, **_REASON}, "permitted"),
        ("R55", _JUNE, "", _OTHER_ROUTE, "incomplete"),
        ("R55", _JUNE, "", {**_ZONE, **_CLASS_B, "refund.amount": "50000.00"}, "permitted"),
        ("R55", "2023-06-01", "", {**_CLASS_B, "refund.amount": "10000.00"}, "register_first"),
        ("R55", _JUNE, "", {**_OTHER_ROUTE, **_REASON, **_SMALL}, "register_first"),
        ("R55", _JUNE, "55.amount_scope=interval_only",
         {**_OTHER_ROUTE, **_REASON, **_SMALL}, "permitted"),
        ("R55", _JUNE, "", {**_ZONE, **_SMALL}, "register_first"),
        ("R55", _JUNE, "55.amount_scope=interval_only", {**_ZONE, **_SMALL}, "register_first"),
        ("R55", _JUNE, "", {**_ZONE, "original.refunded_before": "940000.01"}, "refused"),
        ("R55", _JUNE, "",
         {**_OTHER_ROUTE, "trade_kind": "services", "original.refunded_before": "990000"},
         "ordinary"),
        ("e04.1", "2023-06-01", "", {}, "register_first"),
        ("e04.1", "2024-05-31", "", {}, "register_first"),
        ("e04.2", "2024-06-01", "", {}, "permitted"),
        ("e04.4", "2024-07-01", "", {**_CLASS_B, "refund.amount": "10000.00"}, "register_first"),
        ("e04.5", "2024-07-01", "",
         {"refund.amount": "900000", "refund.on": "2024-07-01", "original.on": "2024-01-03"},
         "ordinary"),
    ),
    "freight_invoice_payment": (
        ("e04.7", _JUNE, "", {}, "permitted"),
        ("R59", _JUNE, "", {"amount.amount": "57746.48"}, "refused"),
        ("R59", _JUNE, "", no("invoice.is_verified"), "refused"),
    ),
    "personal_rmb_on_id": (
        ("e05.1", _JUNE, "", {}, "permitted"),
        ("e05.6", _JUNE, "",
         {"fx_used_this_year": "45000.00", "amount.amount": "42600.00"}, "ordinary"),
        ("R60", _JUNE, "60.quota=separate",
         {"fx_used_this_year": "45000.00", "amount.amount": "42600.00"}, "permitted"),
        ("R60", _JUNE, "60.resident=fx_resident", no("person.is_fx_resident"), "ordinary"),
    ),
    "nra_placement": (
        ("R61", _JUNE, "", {}, "permitted"),
        ("R61", _JUNE, "", {"available": "99.99"}, "refused"),
        ("R61", _JUNE, "", {"product": "structured_deposit"}, "refused"),
    ),
    "rmb_capital_direct_booking": (
        ("R64", _JUNE, "", {}, "permitted"),
        ("R64", _JUNE, "", {"booked": "600.01"}, "refused"),
        ("R64", _JUNE, "", no("bank.in_pilot"), "ordinary"),
        ("R64", _JUNE, "", {"investor.id": "J"}, "ordinary"),
    ),
    "overseas_lending": (
        ("R67", _JUNE, "", {}, "permitted"),
        ("R67", _JUNE, "", {"amount.amount": "80.01"}, "refused"),
        ("R67", "2023-02-22", "", {"amount.amount": "50.01"}, "refused"),
        ("R67", "2020-12-31", "", {**_OUTSIDE, "amount.amount": "30"}, "permitted"),
        ("R67", "2020-12-31", "", {**_OUTSIDE, "amount.amount": "30.01"}, "refused"),
        ("R67", _JUNE, "", {**_OUTSIDE, "amount.amount": "50"}, "permitted"),
        ("R67", _JUNE, "", {**_OUTSIDE, "amount.amount": "50.01"}, "refused"),
        ("R67", "2026-04-01", "", {**_OUTSIDE, "amount.amount": "60"}, "permitted"),
        ("R67", "2026-04-01", "", {**_OUTSIDE, "amount.amount": "60.01"}, "refused"),
        ("R67", "2026-04-01", "", {}, "permitted"),
        ("R67", _JUNE, "", money("lender.equity", "-1.00"), "refused"),
        ("R67", "2016-11-28", "", _OUTSIDE, "incomplete"),
    ),
    "three_party_account_release": (
        ("R81", _JUNE, "", {}, "permitted"),
        ("R81", _JUNE, "", {"money_value": "299.99"}, "refused"),
        ("R81", _JUNE, "", {"scheme.bank": "C"}, "refused"),
        ("R81", _JUNE, "", yes("receivable.is_assigned_elsewhere"), "refused"),
    ),
    "leasing_group_foreign_debt": (
        ("e02.9", "2025-06-30", "", {}, "permitted"),
        ("e02.9", "2025-06-30", "",
         {**_CNY_LONG, "parent_used": "1532500000", "amount.amount": "217500000.00"}, "permitted"),
        ("e02.9", "2025-06-30", "",
         {**_CNY_LONG, "parent_used": "1532500000", "amount.amount": "217500000.01"}, "refused"),
        ("R83", "2025-06-30", "83.own_ceiling=pooled",
         {**_CNY_LONG, "amount.amount": "746500000.01"}, "refused"),
        ("R83", "2025-06-30", "83.own_ceiling=pooled",
         {**_CNY_LONG, "amount.amount": "746500000.00"}, "permitted"),
        ("R83", "2025-06-30", "",
         {**_CNY_LONG, "own_used": "4500000.00", "amount.amount": "749000000.01"}, "refused"),
        ("R83", "2025-06-30", "83.subsidiary_zone=asked", {}, "refused"),
        ("R83", "2023-02-22", "", {}, "refused"),
    ),
    "fx_operating_rent": (
        ("R84", _JUNE, "", {}, "permitted"),
        ("R84", _JUNE, "", {"permit.used": "380.01"}, "refused"),
        ("R84", _JUNE, "", {"own_fx_income": "119.99"}, "refused"),
        ("R84", _JUNE, "", {"source": "purchased"}, "refused"),
        ("R84", _JUNE, "", {"source": "borrowed"}, "refused"),
    ),
}  # fmt: skip


def decided(facility: str, day: str, reading: str, facts: Mapping[str, str]) -> Decision:
    assert POLICY
    compiled = POLICY.compiled(facility)
    values, flaws = read_facts(compiled.facts, {**SOUND[facility], **facts}.items(), Place)
    assert not flaws, flaws
    switches = dict([reading.split("=")]) if reading else {}
    standing = POLICY.standing(date.fromisoformat(day), switches=switches)
    return POLICY.decide(compiled, values, standing).decision


@pytest.mark.parametrize(
    ("facility", "source", "day", "reading", "facts", "outcome"),
    [(facility, *row) for facility, rows in VECTORS.items() for row in rows],
)
def test_a_vector_of_the_rules_holds(
    facility: str, source: str, day: str, reading: str, facts: Mapping[str, str], outcome: str
) -> None:
    decision = decided(facility, day, reading, facts)
    assert decision.outcome.value == outcome, (source, decision.reasons)


#: What the worked examples say of a ceiling: its cap, used, asked and left.
FIGURES: tuple[tuple[str, str, Mapping[str, str], str, str], ...] = (
    ("overseas_rmb_loan", "2023-06-30", {}, "loans", "5000000 4999999.99 0.01 0.01"),
    ("qflp_resize", "2023-06-30", {}, "quota", "10 9 1 1"),
    ("freight_invoice_payment", "2023-06-30", {}, "invoice", "710000 300000 409999.94 410000"),
    ("personal_rmb_on_id", "2023-06-30", {}, "sent", "20000 0 14084.51 20000"),
    ("personal_rmb_on_id", "2023-06-30", {"used_this_year": "14084.51"}, "sent",
     "20000 14084.51 14084.51 5915.49"),
    ("overseas_lending", "2023-06-30", money("lender.equity", "100000000"), "lending",
     "80000000 0 80 80000000"),
    ("overseas_lending", "2020-12-31", money("lender.equity", "100000000"), "lending",
     "30000000 0 80 30000000"),
    ("leasing_group_foreign_debt", "2025-06-30", {}, "foreign_debt.own", "3500000 3500000 0 0"),
    ("leasing_group_foreign_debt", "2025-06-30", {}, "foreign_debt.parent",
     "1750000000 1000000000 532500000 750000000"),
    ("fx_operating_rent", "2023-06-30", {}, "permit", "500 380 120 120"),
)  # fmt: skip


@pytest.mark.parametrize(("facility", "day", "facts", "pool", "figures"), FIGURES)
def test_a_ceiling_stands_as_the_worked_example_says(
    facility: str, day: str, facts: Mapping[str, str], pool: str, figures: str
) -> None:
    uses = {use.id: use for use in decided(facility, day, "", facts).limits}
    found = [getattr(uses[pool], name) for name in ("cap", "used", "asked", "left")]
    assert [Decimal(one) for one in found] == [Decimal(one) for one in figures.split()]


#: Each dated value on its first day, and what holds the day before; None decides nothing.
DATED = (
    ("macro_prudential_enterprise", "2016-05-03 1, 2020-03-12 1.25, 2021-01-07 1"),
    ("macro_prudential_enterprise", "2021-01-07 1, 2022-10-25 1.25, 2023-07-20 1.5"),
    ("macro_prudential_enterprise", "2023-07-20 1.5, 2025-01-13 1.75"),
    ("macro_prudential_fi", "2016-05-03 1, 2020-03-12 1.25, 2020-12-11 1, 2022-10-25 1.25"),
    ("macro_prudential_fi", "2022-10-25 1.25, 2023-07-20 1.5, 2025-01-13 1.75"),
    ("leverage_enterprise", "2016-05-03 1, 2017-01-13 2"),
    ("leverage_nbfi", "2016-05-03 1"),
    ("leverage_bank", "2016-05-03 0.8"),
    ("term_factor_long", "2016-05-03 1"),
    ("term_factor_short", "2016-05-03 1.5"),
    ("category_factor", "2016-05-03 1"),
    ("fx_factor", "2016-05-03 0.5"),
    ("trade_finance_share", "2017-01-13 0.2"),
    ("onshore_guarantee_share", "2017-01-13 0.2"),
    ("overseas_rmb_loan_cap", "2023-02-23 5000000"),
    ("overseas_lending_national_ratio", "2016-11-29 0.3, 2021-01-05 0.5, 2026-03-20 0.6"),
    ("overseas_lending_zone_ratio", "2023-02-23 0.8"),
    ("overseas_lending_currency_factor", "2016-11-29 0, 2026-03-20 None"),
    ("prepaid_clearing_years", "2016-11-29 5"),
    ("overseas_lending_term_months_min", "2016-11-29 None"),
    ("refund_days", "2020-04-10 180"),
    ("refund_exempt_usd", "2020-04-10 50000, 2024-06-01 200000"),
    ("refund_plan_usd", "2023-02-23 50000"),
    ("personal_rmb_quota_usd", "2023-02-23 50000"),
    ("hong_kong_same_name_day", "2004-02-25 None, 2005-12-01 80000"),
    ("bank_overseas_loan_leverage", "2022-03-01 None"),
    ("qflp_scope", "2021-01-29 None, 2024-01-05 scope_2024"),
    ("qdie_measures", "2014-12-08 in_force, 2026-05-07 None"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "series"), DATED)
def test_a_dated_value_holds_from_its_first_day(name: str, series: str) -> None:
    assert POLICY
    steps = [step.split() for step in series.split(", ")]
    for (_, before), (day, value) in zip([("", ""), *steps[:-1]], steps, strict=True):
        first = date.fromisoformat(day)
        held = POLICY.standing(first).parameters.get(name)
        assert str(held) == value
        if before:
            eve = date.fromordinal(first.toordinal() - 1)
            assert str(POLICY.standing(eve).parameters.get(name)) == before


@pytest.mark.parametrize(
    ("facility", "day", "named"),
    [
        ("overseas_lending", "2016-11-28", "p.overseas_lending_national_ratio"),
        ("special_refund", "2020-04-09", "p.refund_days"),
        ("leasing_group_foreign_debt", "2016-05-02", "p.macro_prudential_enterprise"),
        ("pilot_combination", "2026-05-07", "p.qdie_measures"),
    ],
)
def test_a_value_nobody_is_sure_of_is_asked_for_by_name(
    facility: str, day: str, named: str
) -> None:
    decision = decided(facility, day, "", {})
    assert decision.outcome.value == "incomplete"
    assert named in {one.fact for one in decision.missing}


@pytest.mark.parametrize("kind", ["unlisted_equity", "other"])
def test_a_scope_not_yet_established_neither_permits_nor_refuses_a_project(kind: str) -> None:
    assert POLICY
    compiled = POLICY.compiled("qflp_resize", "switch_project")
    given = {**SOUND["qflp_resize"], "project.kind": kind}
    values, _ = read_facts(compiled.facts, given.items(), Place)
    for day, outcome in (("2024-01-04", "incomplete"), ("2024-01-05", None)):
        standing = POLICY.standing(date.fromisoformat(day))
        decision = POLICY.decide(compiled, values, standing).decision
        expected = outcome or ("refused" if kind == "other" else "permitted")
        assert decision.outcome.value == expected


@pytest.mark.parametrize(
    ("facility", "day", "facts", "clause"),
    [
        ("special_refund", "2023-06-30", _ZONE, "55a"),
        ("special_refund", "2024-06-01", {}, ""),
        ("overseas_lending", "2023-06-30", {}, "67b"),
        ("overseas_lending", "2023-06-30", {**_OUTSIDE, "amount.amount": "1.00"}, ""),
        ("trade_settlement_on_instruction", "2023-06-30", {}, "54b"),
        ("trade_settlement_on_instruction", "2023-06-30", _EUR, "54c"),
        ("leasing_group_foreign_debt", "2025-06-30", {}, "83a"),
    ],
)
def test_a_permission_names_the_clause_it_rests_on_and_none_for_the_general_rule(
    facility: str, day: str, facts: Mapping[str, str], clause: str
) -> None:
    decision = decided(facility, day, "", facts)
    assert [(one.code, one.clause) for one in decision.reasons] == [("QH00", clause)]
