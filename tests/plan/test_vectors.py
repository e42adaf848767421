"""The published rules' own vectors, held apart from the pack, so that editing an example moves nothing.

Facts stand here as a reader of the rules writes them; what a row changes is told from one sound
case a facility. Must not read the pack's examples.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import pytest

from plan.the_pack import POLICY
from qianhai.kernel import Place
from qianhai.policy import Decision, read_facts

Row = tuple[str, str, str, str, Mapping[str, str], str]


def money(name: str, amount: str, currency: str = "CNY") -> dict[str, str]:
    return {f"{name}.amount": amount, f"{name}.currency": currency}


def yes(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "true")


def no(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "false")


_REFUND = {
    **yes("enterprise.in_zone", "is_original_route"),
    **no("enterprise.is_eligible", "reason_evidence"),
    **money("refund", "60000.00", "USD"),
    **money("original", "1000000.00", "USD"),
    "enterprise.class": "A",
    "trade_kind": "goods",
    "refund.on": "2023-06-01",
    "original.on": "2022-11-13",
    "original.refunded_before": "0",
}
_REMIT = {
    **yes("person.lives_in_zone", "is_own_document", "is_valid_document", "bank.has_procedure"),
    **money("amount", "100000.00"),
    "direction": "out",
    "usd_rate": "7.1000",
    "used_this_year": "0",
    "fx_used_this_year": "30000.00",
}
_GROUP = {
    **yes("parent.in_zone", "parent.is_leasing", "parent_controls"),
    **no("borrower.in_zone", "borrower.is_outside_scheme", "borrower.has_sub_limit"),
    **money("amount", "50000000.00", "USD"),
    "parent.id": "P",
    "borrower.id": "S",
    "parent.net_assets": "500000000.00",
    "parent_used": "1000000000.00",
    "borrower.net_assets": "1000000.00",
    "own_used": "3500000.00",
    "cny_rate": "7.10",
    "term_days": "1826",
}
#: One case a facility in which every need holds.
SOUND: Mapping[str, Mapping[str, str]] = {
    "overseas_rmb_loan": {
        **yes("bank.in_pilot", "borrower.in_pilot", "borrower.in_zone", "borrower.is_hk_funded"),
        **yes("lender.is_overseas"),
        **money("amount", "0.01"),
        **money("outstanding", "4999999.99"),
        "borrower.size": "small",
        "lender.kind": "bank",
    },
    "qflp_resize": {
        **yes("manager.is_qflp", "manager.in_zone", "documents_allow"),
        **money("manager.quota", "10.00"),
        "manager.id": "M",
        "fund.manager": "M",
        "fund.size": "4.00",
        "fund.paid_in": "1.00",
        "quota_used": "9.00",
        "new_size": "5.00",
        "project.kind": "unlisted_equity",
    },
    "pilot_combination": {
        **yes("applicant.is_eligible", "is_separated"),
        **no("holds_qflp", "holds_qdie", "holds_wfoe"),
        "applicant.id": "A",
        "applies_for": "QDIE",
    },
    "trade_settlement_on_instruction": {
        **yes("client_is_known", "business_is_known", "diligence_is_current", "bank.in_pilot"),
        **yes("enterprise.is_quality", "enterprise.in_pilot", "counterparty.is_overseas"),
        **yes("has_statement", "is_genuine", "is_lawful"),
        **no("enterprise.under_alarm", "enterprise.in_zone"),
        **money("amount", "1.00"),
        "trade_kind": "goods",
        "direction": "payment",
    },
    "special_refund": _REFUND,
    "freight_invoice_payment": {
        **yes("bank.in_pilot", "bank.is_of_shenzhen", "is_domestic_freight", "invoice.is_verified"),
        **money("amount", "57746.47", "USD"),
        **money("invoice", "710000.00"),
        "payer.id": "E",
        "carrier.id": "C",
        "invoice.payer": "E",
        "invoice.payee": "C",
        "invoice.used": "300000.00",
        "invoice_rate": "7.10",
    },
    "personal_rmb_on_id": _REMIT,
    "nra_placement": {
        **yes("holder.is_overseas", "bank.in_zone"),
        **money("amount", "100.00"),
        "holder.kind": "institution",
        "bank.kind": "bank",
        "account_kind": "nra",
        "product": "time_deposit",
        "available": "100.00",
    },
    "rmb_capital_direct_booking": {
        **yes("enterprise.is_eligible", "enterprise.in_zone", "enterprise.in_pilot"),
        **yes("bank.in_pilot", "bank.can_trace"),
        **money("subscribed", "1000.00"),
        **money("amount", "400.00"),
        "enterprise.id": "E",
        "investor.id": "I",
        "registration.investor": "I",
        "registration.enterprise": "E",
        "booked": "600.00",
    },
    "overseas_lending": {
        **yes("lender.in_zone", "is_genuine"),
        **money("lender.equity", "100.00"),
        **money("amount", "80.00"),
        **money("outstanding", "0"),
    },
    "three_party_account_release": {
        **yes("scheme.is_on_file", "factor.in_zone", "factor.is_factor", "trade_is_genuine"),
        **yes("bank_ordered", "factor_ordered", "enterprise_ordered"),
        **no("scheme.has_tolerance", "receivable.is_assigned_elsewhere"),
        **money("goods", "300.00"),
        **money("receivable", "300.00"),
        **money("amount", "200.00"),
        "bank.id": "B",
        "scheme.bank": "B",
        "money_value": "300.00",
        "receivable.released": "100.00",
        "due_to_factor": "150.00",
    },
    "leasing_group_foreign_debt": _GROUP,
    "fx_operating_rent": {
        **yes("enterprise.in_zone", "enterprise.is_real_economy", "lessor.may_receive_fx"),
        **yes("needs_fx", "permit.is_valid"),
        **no("lessor.is_overseas"),
        **money("permit", "500.00", "USD"),
        **money("amount", "120.00", "USD"),
        "enterprise.id": "E",
        "permit.holder": "E",
        "permit.used": "380.00",
        "own_fx_income": "120.00",
        "lease_kind": "operating",
        "source": "own_income",
    },
}
#: The first letters of a facility are enough to name it here.
_ZONE = {"enterprise.is_eligible": "true", "refund.on": "2023-06-30", "original.on": "2022-12-31"}
_CLASS_B = {"enterprise.class": "B"}
_OTHER_ROUTE = {**_ZONE, "original.on": "2023-06-20", "is_original_route": "false"}
_SMALL = {**_CLASS_B, "refund.amount": "49999.99"}
_REASON = {"reason_evidence": "true"}
_OUTSIDE = {"lender.in_zone": "false"}
_EUR = {"amount.currency": "EUR"}
_CNY_LONG = {**money("amount", "1.00"), "term_days": "731"}
ROWS: Sequence[Row] = (
    # rule or example, facility, day, readings, what differs, outcome
    ("R10", "overseas_rmb_loan", "2023-06-30", "", {}, "permitted"),
    ("R10", "overseas_rmb_loan", "2023-06-30", "", money("outstanding", "5000000"), "refused"),
    ("R10", "overseas_rmb_loan", "2023-06-30", "", {"borrower.size": "medium"}, "refused"),
    ("R10", "overseas_rmb_loan", "2023-06-30", "", money("amount", "0.01", "USD"), "refused"),
    ("R10", "overseas_rmb_loan", "2023-02-22", "", {}, "refused"),
    ("R41", "qflp_resize", "2023-06-30", "", {}, "permitted"),
    ("R41", "qflp_resize", "2023-06-30", "", {"quota_used": "10.00"}, "refused"),
    ("R41", "qflp_resize", "2023-06-30", "", {"new_size": "4.00", "fund.paid_in": "4.50"}, "refused"),
    ("e07.1", "qflp_resize", "2024-06-30", "",
     {**money("manager.quota", "500000000"), "quota_used": "450000000", "fund.size": "0",
      "new_size": "60000000"}, "refused"),
    ("e07.1", "qflp_resize", "2024-06-30", "",
     {**money("manager.quota", "500000000"), "quota_used": "450000000", "fund.size": "0",
      "new_size": "50000000"}, "permitted"),
    ("R42", "pilot_combination", "2023-06-30", "", yes("holds_qflp"), "permitted"),
    ("R42", "pilot_combination", "2023-06-30", "", yes("holds_wfoe"), "permitted"),
    ("R42", "pilot_combination", "2023-06-30", "", yes("holds_qflp", "holds_wfoe"), "referred"),
    ("R42", "pilot_combination", "2023-06-30", "",
     {**yes("holds_qflp"), "applies_for": "WFOE"}, "referred"),
    ("e07.7", "pilot_combination", "2026-05-06", "", {}, "permitted"),
    ("e07.7", "pilot_combination", "2026-05-08", "", {}, "incomplete"),
    ("R54", "trade_settlement_on_instruction", "2023-06-30", "", {}, "permitted"),
    ("R54", "trade_settlement_on_instruction", "2023-06-30", "", _EUR, "permitted"),
    ("R54", "trade_settlement_on_instruction", "2023-06-30", "54.zone_scope=all", {}, "ordinary"),
    ("R54", "trade_settlement_on_instruction", "2023-06-30", "", no("diligence_is_current"),
     "ordinary"),
    ("R54", "trade_settlement_on_instruction", "2023-06-30", "", no("enterprise.is_quality"),
     "ordinary"),
    ("R54", "trade_settlement_on_instruction", "2023-06-30", "", yes("enterprise.under_alarm"),
     "ordinary"),
    ("R54", "trade_settlement_on_instruction", "2023-06-30", "54.rmb_bank=any",
     no("bank.in_pilot"), "permitted"),
    ("R54", "trade_settlement_on_instruction", "2023-06-30", "54.rmb_bank=any",
     {**no("bank.in_pilot"), **_EUR}, "ordinary"),
    ("R54", "trade_settlement_on_instruction", "2023-02-22", "", {}, "ordinary"),
    ("R55", "special_refund", "2023-06-29", "",
     {**_ZONE, "refund.on": "2023-06-29"}, "ordinary"),
    ("R55", "special_refund", "2023-06-30", "", _ZONE, "permitted"),
    ("R55", "special_refund", "2023-06-30", "", {**_OTHER_ROUTE, **_REASON}, "permitted"),
    ("R55", "special_refund", "2023-06-30", "", _OTHER_ROUTE, "incomplete"),
    ("R55", "special_refund", "2023-06-30", "",
     {**_ZONE, **_CLASS_B, "refund.amount": "50000.00"}, "permitted"),
    ("R55", "special_refund", "2023-06-01", "", {**_CLASS_B, "refund.amount": "10000.00"},
     "register_first"),
    ("R55", "special_refund", "2023-06-30", "", {**_OTHER_ROUTE, **_REASON, **_SMALL},
     "register_first"),
    ("R55", "special_refund", "2023-06-30", "55.amount_scope=interval_only",
     {**_OTHER_ROUTE, **_REASON, **_SMALL}, "permitted"),
    ("R55", "special_refund", "2023-06-30", "", {**_ZONE, **_SMALL}, "register_first"),
    ("R55", "special_refund", "2023-06-30", "55.amount_scope=interval_only", {**_ZONE, **_SMALL},
     "register_first"),
    ("R55", "special_refund", "2023-06-30", "", {**_ZONE, "original.refunded_before": "940000.01"},
     "refused"),
    ("R55", "special_refund", "2023-06-30", "",
     {**_OTHER_ROUTE, "trade_kind": "services", "original.refunded_before": "990000"}, "ordinary"),
    ("e04.1", "special_refund", "2023-06-01", "", {}, "register_first"),
    ("e04.1", "special_refund", "2024-05-31", "", {}, "register_first"),
    ("e04.2", "special_refund", "2024-06-01", "", {}, "permitted"),
    ("e04.4", "special_refund", "2024-07-01", "", {**_CLASS_B, "refund.amount": "10000.00"},
     "register_first"),
    ("e04.5", "special_refund", "2024-07-01", "",
     {"refund.amount": "900000.00", "refund.on": "2024-07-01", "original.on": "2024-01-03"},
     "ordinary"),
    ("e04.7", "freight_invoice_payment", "2023-06-30", "", {}, "permitted"),
    ("R59", "freight_invoice_payment", "2023-06-30", "", {"amount.amount": "57746.48"}, "refused"),
    ("R59", "freight_invoice_payment", "2023-06-30", "", no("invoice.is_verified"), "refused"),
    ("e05.1", "personal_rmb_on_id", "2023-06-30", "", {}, "permitted"),
    ("e05.6", "personal_rmb_on_id", "2023-06-30", "",
     {"fx_used_this_year": "45000.00", "amount.amount": "42600.00"}, "ordinary"),
    ("R60", "personal_rmb_on_id", "2023-06-30", "60.quota=separate",
     {"fx_used_this_year": "45000.00", "amount.amount": "42600.00"}, "permitted"),
    ("R60", "personal_rmb_on_id", "2023-06-30", "60.resident=fx_resident",
     no("person.is_fx_resident"), "ordinary"),
    ("R61", "nra_placement", "2023-06-30", "", {}, "permitted"),
    ("R61", "nra_placement", "2023-06-30", "", {"available": "99.99"}, "refused"),
    ("R61", "nra_placement", "2023-06-30", "", {"product": "structured_deposit"}, "refused"),
    ("R64", "rmb_capital_direct_booking", "2023-06-30", "", {}, "permitted"),
    ("R64", "rmb_capital_direct_booking", "2023-06-30", "", {"booked": "600.01"}, "refused"),
    ("R64", "rmb_capital_direct_booking", "2023-06-30", "", no("bank.in_pilot"), "ordinary"),
    ("R64", "rmb_capital_direct_booking", "2023-06-30", "", {"investor.id": "J"}, "ordinary"),
    ("R67", "overseas_lending", "2023-06-30", "", {}, "permitted"),
    ("R67", "overseas_lending", "2023-06-30", "", {"amount.amount": "80.01"}, "refused"),
    ("R67", "overseas_lending", "2023-02-22", "", {"amount.amount": "50.01"}, "refused"),
    ("R67", "overseas_lending", "2020-12-31", "", {**_OUTSIDE, "amount.amount": "30"}, "permitted"),
    ("R67", "overseas_lending", "2020-12-31", "", {**_OUTSIDE, "amount.amount": "30.01"}, "refused"),
    ("R67", "overseas_lending", "2023-06-30", "", {**_OUTSIDE, "amount.amount": "50"}, "permitted"),
    ("R67", "overseas_lending", "2023-06-30", "", {**_OUTSIDE, "amount.amount": "50.01"}, "refused"),
    ("R67", "overseas_lending", "2026-04-01", "", {**_OUTSIDE, "amount.amount": "60"}, "permitted"),
    ("R67", "overseas_lending", "2026-04-01", "", {**_OUTSIDE, "amount.amount": "60.01"}, "refused"),
    ("R67", "overseas_lending", "2026-04-01", "", {}, "permitted"),
    ("R67", "overseas_lending", "2023-06-30", "", money("lender.equity", "-1.00"), "refused"),
    ("R67", "overseas_lending", "2016-11-28", "", _OUTSIDE, "incomplete"),
    ("R81", "three_party_account_release", "2023-06-30", "", {}, "permitted"),
    ("R81", "three_party_account_release", "2023-06-30", "", {"money_value": "299.99"}, "refused"),
    ("R81", "three_party_account_release", "2023-06-30", "", {"scheme.bank": "C"}, "refused"),
    ("R81", "three_party_account_release", "2023-06-30", "",
     yes("receivable.is_assigned_elsewhere"), "refused"),
    ("e02.9", "leasing_group_foreign_debt", "2025-06-30", "", {}, "permitted"),
    ("e02.9", "leasing_group_foreign_debt", "2025-06-30", "",
     {**_CNY_LONG, "parent_used": "1532500000.00", "amount.amount": "217500000.00"}, "permitted"),
    ("e02.9", "leasing_group_foreign_debt", "2025-06-30", "",
     {**_CNY_LONG, "parent_used": "1532500000.00", "amount.amount": "217500000.01"}, "refused"),
    ("R83", "leasing_group_foreign_debt", "2025-06-30", "83.own_ceiling=pooled",
     {**_CNY_LONG, "amount.amount": "746500000.01"}, "refused"),
    ("R83", "leasing_group_foreign_debt", "2025-06-30", "83.own_ceiling=pooled",
     {**_CNY_LONG, "amount.amount": "746500000.00"}, "permitted"),
    ("R83", "leasing_group_foreign_debt", "2025-06-30", "",
     {**_CNY_LONG, "own_used": "4500000.00", "amount.amount": "749000000.01"}, "refused"),
    ("R83", "leasing_group_foreign_debt", "2025-06-30", "83.subsidiary_zone=asked", {}, "refused"),
    ("R83", "leasing_group_foreign_debt", "2023-02-22", "", {}, "refused"),
    ("R84", "fx_operating_rent", "2023-06-30", "", {}, "permitted"),
    ("R84", "fx_operating_rent", "2023-06-30", "", {"permit.used": "380.01"}, "refused"),
    ("R84", "fx_operating_rent", "2023-06-30", "", {"own_fx_income": "119.99"}, "refused"),
    ("R84", "fx_operating_rent", "2023-06-30", "", {"source": "purchased"}, "refused"),
    ("R84", "fx_operating_rent", "2023-06-30", "", {"source": "borrowed"}, "refused"),
)  # fmt: skip


def decided(facility: str, day: str, reading: str, facts: Mapping[str, str]) -> Decision:
    assert POLICY
    compiled = POLICY.compiled(facility)
    values, flaws = read_facts(compiled.facts, {**SOUND[facility], **facts}.items(), Place)
    assert not flaws, flaws
    switches = dict([reading.split("=")]) if reading else {}
    standing = POLICY.standing(date.fromisoformat(day), switches=switches)
    return POLICY.decide(compiled, values, standing).decision


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}-{row[2]}")
def test_a_vector_of_the_rules_holds(row: Row) -> None:
    _, facility, day, reading, facts, outcome = row
    decision = decided(facility, day, reading, facts)
    assert decision.outcome.value == outcome, decision.reasons


#: What the worked examples say of the ceilings: facility, day, what differs, pool, figures.
FIGURES = (
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
    ("macro_prudential_enterprise", "2016-05-03 1, 2020-03-12 1.25, 2021-01-07 1, 2022-10-25 1.25,"
     " 2023-07-20 1.5, 2025-01-13 1.75"),
    ("macro_prudential_fi", "2016-05-03 1, 2020-03-12 1.25, 2020-12-11 1, 2022-10-25 1.25,"
     " 2023-07-20 1.5, 2025-01-13 1.75"),
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
    ("facility", "day", "facts", "named"),
    [
        ("overseas_lending", "2016-11-28", {}, "p.overseas_lending_national_ratio"),
        ("special_refund", "2020-04-09", {}, "p.refund_days"),
        ("leasing_group_foreign_debt", "2016-05-02", {}, "p.macro_prudential_enterprise"),
        ("pilot_combination", "2026-05-07", {}, "p.qdie_measures"),
    ],
)
def test_a_value_nobody_is_sure_of_is_asked_for_by_name(
    facility: str, day: str, facts: Mapping[str, str], named: str
) -> None:
    decision = decided(facility, day, "", facts)
    assert decision.outcome.value == "incomplete"
    assert named in {one.fact for one in decision.missing}


@pytest.mark.parametrize("kind", ["unlisted_equity", "other"])
def test_a_scope_not_yet_established_neither_permits_nor_refuses_a_project(kind: str) -> None:
    assert POLICY
    compiled = POLICY.compiled("qflp_resize", "switch_project")
    given = {**SOUND["qflp_resize"], "project.kind": kind}
    values, _ = read_facts(compiled.facts, given.items(), Place)
    for day, outcome in (("2024-01-04", "incomplete"), ("2024-01-05", None)):
        decision = POLICY.decide(compiled, values, POLICY.standing(date.fromisoformat(day))).decision
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
