"""Accounts with a purpose: deposits of overseas institutions, three-party accounts (61, 81)."""

from sample_day.banks import LUOHU, QIANHAI, SHEKOU
from sample_day.cast import Cast, worth
from sample_day.day import Day, Desk, Fields, amount, money

_HALF_YEAR: Fields = {
    "product": "time_deposit",
    "placed_on": "2025-06-30",
    "matures_on": "2025-12-30",
    "annual_rate": "0.0205",
    "early_rate": "0.0025",
    "day_basis": "360",
}


def nra_placement(day: Day) -> None:
    """Write placements and their ends: interest to the cent, the balance to the fen."""
    cast = day.cast
    cast.overseas("lamma_insurance", "南丫保险", "Lamma Insurance", type_="institution")
    cast.overseas("sentosa_shipping", "圣岛航运", "Sentosa Shipping", jurisdiction="SG")
    cast.account("lamma_insurance", "CNY", "60000000.00", kind="nra")
    cast.account("sentosa_shipping", "CNY", "3000000.00", kind="nra", bank=SHEKOU)
    cast.firm("zhuzilin_paper", "竹子林纸业", "Zhuzilin Paper")
    cast.account("zhuzilin_paper", "CNY", "1000000.00", kind="nra")
    cast.paper(
        "certificate_issue", "CD-2025-06", since="2025-06-01", minimum=worth("10000000.00", "CNY")
    )
    desk = Desk(
        day,
        "nra_placement",
        "M61",
        "day.xlsx",
        {"holder": "lamma_insurance", "bank": QIANHAI, "account_kind": "nra", **_HALF_YEAR},
    )
    _placements(desk)
    _ends(desk)
    _unfit_placements(desk)


def _placements(desk: Desk) -> None:
    """Place to the last fen of the account."""
    certificate = {"product": "large_certificate", "issue_id": "CD-2025-06"}
    desk.permitted("certificate of exactly the minimum", amount("10000000.00"), certificate)
    desk.refused("RR04", "a fen below the minimum", amount("9999999.99"), certificate)
    desk.incomplete("no issue named", amount("10000000.00"), product="large_certificate")
    cast = desk.day.cast
    ship = {"holder": "sentosa_shipping", "bank": SHEKOU}
    nra = {"holder.account": cast.number_of("sentosa_shipping", "CNY", "nra"), "file": "day.xml"}
    desk.permitted("a part of the account", amount("1000000.00"), ship)
    desk.refused("RR04", "a fen more than the account has", amount("2000000.01"), ship)
    desk.permitted("all the rest, by message", amount("2000000.00"), ship, nra)
    desk.refused("RR04", "by message, nothing is left", amount("0.01"), ship, nra)


def _ends(desk: Desk) -> None:
    """Let deposits mature, end early, end in part."""
    deposit = desk.permitted("twenty million for half a year", amount("20000000.00"))
    end = {"action": "mature", "of": deposit, "ended_on": "2025-12-30", "withdrawn": "20000000.00"}
    desk.refused("RR04", "a cent too much interest", end, interest="208416.68", on="2025-12-30")
    desk.refused("RR04", "a cent too little", end, interest="208416.66", on="2025-12-30")
    desk.permitted("183 days of interest", end, interest="208416.67", on="2025-12-30")
    desk.refused("RR04", "it has matured", end, interest="208416.67", on="2025-12-30")
    early = desk.permitted("another five million", amount("5000000.00"))
    half = {
        "action": "mature",
        "of": early,
        "ended_on": "2025-09-28",
        "withdrawn": "2000000.00",
    }
    desk.refused("RR04", "ended early at the full rate", half, interest="10250.00", on="2025-09-28")
    desk.permitted("a part ends early, 90 days", half, interest="1250.00", on="2025-09-28")
    desk.permitted(
        "the rest runs to its end",
        half,
        ended_on="2025-12-30",
        withdrawn="3000000.00",
        interest="31262.50",
        on="2025-12-30",
    )
    certificate = desk.permitted(
        "a certificate", amount("12000000.00"), product="large_certificate", issue_id="CD-2025-06"
    )
    desk.incomplete(
        "its end without interest", end, of=certificate, withdrawn="12000000.00", on="2025-12-30"
    )
    desk.permitted(
        "ended the day it began",
        end,
        of=certificate,
        ended_on="2025-06-30",
        withdrawn="12000000.00",
        interest="0.00",
    )


def _unfit_placements(desk: Desk) -> None:
    """Let each condition decide once."""
    some = amount("100000.00")
    desk.refused("RR04", "structured deposit", some, product="structured_deposit")
    desk.refused("RR04", "ordinary account", some, account_kind="settlement")
    desk.refused("RR04", "dollars", amount("100000.00", "USD"))
    desk.refused("RR04", "holder of the mainland", some, holder="zhuzilin_paper")
    desk.refused("RR04", "bank outside the zone", some, bank=LUOHU)
    desk.refused("AG01", "before the plan", some, on="2023-02-22")
    desk.incomplete("kind of account not stated", some, account_kind=None)
    desk.incomplete("no NRA account on record", some, holder="marina_growth")
    desk.permitted(
        "in 2024", some, on="2024-06-01", placed_on="2024-06-01", matures_on="2024-12-01"
    )


def three_party_account_release(day: Day) -> None:
    """Write the factoring: opened by three, filled by the buyer, released by all three."""
    _factoring(day.cast)
    desk = Desk(
        day,
        "three_party_account_release",
        "M81",
        "day.jsonl",
        {
            "enterprise": "shangsha_optics",
            "factor": "jinbo_factoring",
            "bank": QIANHAI,
            "scheme_id": "BL-2025-01",
        },
    )
    _openings(desk)
    desk.permitted("the buyer pays in", amount("3000000.00"), action="collect")
    desk.permitted("and pays in dollars", amount("200000.00", "USD"), action="collect")
    desk.refused(
        "RR04", "scheme not on file", amount("1.00"), action="collect", scheme_id="BL-2025-09"
    )
    _releases(desk)
    _no_release(desk)


def _factoring(cast: Cast) -> None:
    """Enter financed enterprises and factors, their schemes and receivables."""
    cast.firm(
        "shangsha_optics",
        "上沙光电",
        "Shangsha Optics",
        area="outside",
        funds={"CNY": "0.00", "USD": "0.00"},
    )
    for currency in ("CNY", "USD"):
        cast.account("shangsha_optics", currency, "0.00", kind="three_party")
    funds = {"CNY": "0.00", "USD": "0.00"}
    cast.firm(
        "jinbo_factoring", "金波保理", "Jinbo Factoring", funds=funds, holds=("commercial_factor",)
    )
    cast.firm(
        "dongmen_factoring",
        "东门保理",
        "Dongmen Factoring",
        area="outside",
        funds=funds,
        holds=("commercial_factor",),
    )
    cast.firm("bihai_guarantee", "碧海担保", "Bihai Guarantee", funds=funds)
    for scheme in ("BL-2025-01", "BL-2025-02"):
        cast.paper("factoring_scheme", scheme, since="2025-01-02", bank=QIANHAI)
    cast.paper(
        "factoring_tolerance", "BL-2025-02", since="2025-01-02", amount=worth("500.00", "USD")
    )
    for paper, sum_, currency in (
        ("YS-2025-001", "1000000.00", "CNY"),
        ("YS-2025-002", "150000.00", "USD"),
        ("YS-2025-003", "800000.00", "CNY"),
        ("YS-2025-004", "9000000.00", "CNY"),
    ):
        cast.paper("receivable", paper, since="2025-03-01", amount=worth(sum_, currency))
    cast.paper("assignment_elsewhere", "YS-2025-003", since="2025-05-01", until="2025-12-31")


def _signed(*roles: str) -> Fields:
    return {f"signatories.{at}.role": role for at, role in enumerate(roles)}


def _openings(desk: Desk) -> None:
    """Open an account that exactly three sign for."""
    three = _signed("bank", "factor", "enterprise")
    desk.permitted("three sign", three, action="open")
    desk.refused("RR04", "two sign", _signed("bank", "enterprise"), action="open")
    desk.refused(
        "RR04", "a fourth signs", _signed("bank", "factor", "enterprise", "other"), action="open"
    )
    desk.refused(
        "RR04", "a factor outside the zone", three, action="open", factor="dongmen_factoring"
    )
    desk.refused("RR04", "no factor", three, action="open", factor="bihai_guarantee")
    desk.refused("RR04", "before the scheme was filed", three, action="open", on="2024-06-01")
    desk.incomplete("signatories not stated", action="open")


def _releases(desk: Desk) -> None:
    """Release by three orders, the factor first, a receivable once and to the fen."""
    usual = _release("YS-2025-001")
    desk.permitted("all to the factor", usual, amount("600000.00"), due_to_factor="700000.00")
    desk.refused("AM14", "a fen over the receivable", usual, amount("400000.01"))
    desk.permitted(
        "the factor's part, the rest to the enterprise",
        usual,
        amount("400000.00"),
        due_to_factor="100000.00",
    )
    desk.refused("AM14", "financed once", usual, amount("0.01"))
    dollars = {**_release("YS-2025-002", "USD"), "scheme_id": "BL-2025-02"}
    desk.permitted(
        "goods and money within the tolerance",
        dollars,
        amount("100000.00", "USD"),
        money_value="149500.00",
    )
    desk.refused(
        "RR04",
        "a cent beyond the tolerance",
        dollars,
        amount("1000.00", "USD"),
        money_value="149499.99",
    )
    desk.refused(
        "RR04",
        "no tolerance: a cent is too much",
        _release("YS-2025-004"),
        amount("10.00"),
        money_value="150000.01",
    )
    desk.permitted("a small part of another", _release("YS-2025-004"), amount("10.00"))
    desk.refused("AM04", "more than was paid in", _release("YS-2025-004"), amount("8000000.00"))
    held = desk.day.cast.number_of("shangsha_optics", "CNY", "three_party")
    desk.permitted(
        "by message, to the factor",
        _release("YS-2025-004"),
        amount("50000.00"),
        {"enterprise.account": held},
        file="day.xml",
    )


def _release(receivable: str, currency: str = "CNY") -> Fields:
    """Return what a release by all three says."""
    return {
        "bank_ordered": "true",
        "factor_ordered": "true",
        "enterprise_ordered": "true",
        "trade_is_genuine": "true",
        "money_value": "150000.00",
        "due_to_factor": "9000000.00",
        "receivable_id": receivable,
        **money("goods", "150000.00", currency),
    }


def _no_release(desk: Desk) -> None:
    """Let each condition decide once, or wait."""
    usual = {**_release("YS-2025-004"), **amount("1000.00")}
    for who in ("bank", "factor", "enterprise"):
        desk.refused("RR04", f"no order of the {who}", usual, {f"{who}_ordered": "false"})
    desk.refused("RR04", "no genuine trade", usual, trade_is_genuine="false")
    desk.refused("RR04", "assigned elsewhere", usual, receivable_id="YS-2025-003")
    desk.permitted(
        "no longer assigned elsewhere", usual, receivable_id="YS-2025-003", on="2026-04-01"
    )
    desk.refused("RR04", "scheme not on file", usual, scheme_id="BL-2025-09")
    desk.refused("RR04", "a factor outside the zone", usual, factor="dongmen_factoring")
    desk.incomplete("an order not stated", usual, factor_ordered=None)
    desk.incomplete("receivable not on file", usual, receivable_id="YS-2025-009")
    desk.incomplete("value of the goods not stated", usual, {"goods.amount": None})
