"""Fund, tax and channel business on the real road: the ledger holds what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pytest

from qianhai import ledger
from route.desk import DAY, Desk

ABROAD = {"jurisdiction": "HK"}
ZONE = {"jurisdiction": "CN", "area": "original"}


def party(name: str, kind: str, where: Mapping[str, str] = ZONE) -> dict[str, str]:
    return {"kind": "party", "id": name, "type": kind, "name": name, **where}


def listed(name: str, *lists: str) -> list[dict[str, str]]:
    return [{"kind": "qualification", "party": name, "name": one} for one in lists]


def said(name: str, what: str, value: str, currency: str = "") -> dict[str, str]:
    told = {"value.amount": value, "value.currency": currency} if currency else {"value": value}
    return {"kind": "attribute", "party": name, "name": what, **told}


def paper(number: str, kind: str, **attributes: str) -> dict[str, str]:
    """A paper on file; an attribute `1.00 CNY` is an amount."""
    row = {"kind": "record", "id": number, "record_kind": kind}
    for name, text in attributes.items():
        amount, _, currency = text.partition(" ")
        if currency:
            row |= {f"attributes.{name}.amount": amount, f"attributes.{name}.currency": currency}
        else:
            row[f"attributes.{name}"] = text
    return row


def account(
    number: str, holder: str, kind: str, opening: str = "", currency: str = "CNY"
) -> dict[str, str]:
    of = {"party": holder, "bank": "bank", "currency": currency, "account_kind": kind}
    return {"kind": "account", "number": number, "opening_balance": opening, **of}


@dataclass
class Business:
    """One facility asked again and again by the same parties with mostly the same facts."""

    desk: Desk
    facility: str
    who: Mapping[str, str]
    facts: dict[str, str] = field(default_factory=dict)
    on: date = DAY
    asked: int = 0

    def ask(self, action: str, of: str = "", **facts: str) -> str:
        """Submit one action and return its id and outcome, such as `s_fund-1 permitted`."""
        self.asked += 1
        number = f"{self.facility}-{self.asked}"
        changed = {name.replace("__", "."): text for name, text in facts.items()}
        given = changed if of else {**self.facts, **changed}
        who = {} if of else self.who
        desk = self.desk
        answer = desk.submit(number, self.facility, action, who, given, of=of, on=self.on)
        return f"{number} {answer.decision.outcome.value}"

    def permit(self, action: str, of: str = "", **facts: str) -> str:
        """Submit one action that must be permitted, and return its id."""
        number, outcome = self.ask(action, of, **facts).split()
        assert outcome == "permitted", (action, outcome)
        return number

    def refuse(self, action: str, of: str = "", **facts: str) -> None:
        """Submit one action that must be refused."""
        assert self.ask(action, of, **facts).endswith(" refused"), action


def balance(desk: Desk, number: str) -> int:
    name = ledger.account_name("account", "bank", number)
    with desk.database.transaction() as conn:
        return ledger.balances(conn, "local", [name])[name].balance


@pytest.fixture(autouse=True)
def _parties(desk: Desk) -> None:
    desk.register(party("bank", "bank"), party("manager", "enterprise"), party("fund", "fund"))


def test_capital_comes_in_is_converted_and_frees_its_quota_when_it_goes_back(desk: Desk) -> None:
    desk.register(
        party("lp", "enterprise", ABROAD),
        *listed("manager", "qflp"),
        *listed("fund", "amac_filed"),
        said("manager", "qflp_quota", "1000.00", "USD"),
        said("manager", "qflp_quota_counting", "net"),
        said("fund", "manager", "manager"),
        said("fund", "custodian", "bank"),
        account("F1", "fund", "fund_custody"),
        account("F2", "fund", "fund_custody", currency="USD"),
        paper("rule", "qflp_rule", minimum="900.00 USD", hk_minimum="500.00 USD"),
    )
    who = {"investor": "lp", "manager": "manager", "fund": "fund", "bank": "bank"}
    paid = {"subscription_no": "c1", "amount.amount": "600.00", "amount.currency": "USD"}
    qflp = Business(desk, "qflp_investment", who, paid)
    offer = {"rule_id": "rule", "commitment__amount": "800.00", "commitment__currency": "USD"}
    qflp.refuse("admit_investor", **offer)
    desk.register(*listed("lp", "hk_investor"))
    qflp.permit("admit_investor", **offer)
    capital = qflp.permit("contribute")
    qflp.refuse("contribute")
    qflp.permit("convert", capital, sold="100.00", received_cny="710.00", cny_rate="7.10")
    assert (balance(desk, "F1"), balance(desk, "F2")) == (710_00, 500_00)
    qflp.refuse("repatriate", capital, returned="600.01", paid_cny="4260.07", cny_rate="7.10")
    qflp.permit("repatriate", capital, returned="100.00", paid_cny="710.00", cny_rate="7.10")
    assert (balance(desk, "F1"), balance(desk, "F2")) == (0, 500_00)
    desk.register(said("manager", "qflp_quota", "699.99", "USD") | {"since": "2025-01-01"})
    qflp.refuse("contribute", amount__amount="200.00")
    desk.register(said("manager", "qflp_quota", "700.00", "USD") | {"since": "2025-01-02"})
    qflp.permit("contribute", amount__amount="200.00")


def test_shares_change_hands_against_the_price_and_a_pledged_one_does_not(desk: Desk) -> None:
    desk.register(
        *(party(name, "enterprise") for name in ("seller", "buyer", "pledgee")),
        *listed("manager", "fund_share_pilot", "shenzhen_registered"),
        *listed("fund", "amac_filed", "shenzhen_registered"),
        said("fund", "manager", "manager"),
        said("fund", "legal_form", "partnership"),
        said("fund", "investors", "10"),
        said("buyer", "net_assets", "20000000.00", "CNY"),
        paper("s1", "fund_share", amount="1000.00 CNY", holder="seller", fund="fund"),
        paper("v1", "fund_share_value", amount="1000.00 CNY", holding="s1"),
        account("S", "seller", "settlement"),
        account("B", "buyer", "settlement", "5000.00"),
    )
    on = date(2025, 11, 3)
    roles = {"fund": "fund", "manager": "manager", "member": "manager", "pledgee": "pledgee"}
    facility = "fund_share_custody"
    kept = Business(desk, facility, {**roles, "holder": "seller"}, {"holding_no": "s1"}, on)
    kept.permit("take_in", amount="1000.00")
    pledge = kept.permit("pledge", pledge="400.00")
    terms = {
        "holding_no": "s1", "buyer_holding_no": "s2", "valuation_no": "v1", "price": "900.00",
        "seller_leaves": "false", "buyer.is_investor": "false", "others_waive": "true",
        "notified_on": "2025-10-01", "preemption_days": "30", "transferred_on": "2025-11-03",
    }  # fmt: skip
    who = {"seller": "seller", "buyer": "buyer", "fund": "fund", "member": "manager"}
    trade = Business(desk, "fund_share_transfer", {**who, "bank": "bank"}, terms, on)
    trade.refuse("transfer", shares="600.01")
    trade.permit("transfer", shares="600.00")
    assert (balance(desk, "S"), balance(desk, "B")) == (900_00, 4100_00)
    trade.refuse("transfer", shares="0.01", buyer_holding_no="s3")
    kept.refuse("take_in", amount="0.01")
    bought = Business(
        desk, facility, {**roles, "holder": "buyer"}, {"holding_no": "s2"}, on, asked=100
    )
    bought.permit("take_in", amount="600.00")
    kept.refuse("take_out", withdrawn="0.01")
    kept.permit("release_pledge", pledge, pledgee_releases="true", freed="400.00")
    kept.permit("take_out", withdrawn="400.00")


def test_what_comes_back_through_the_channel_is_free_of_both_quotas(desk: Desk) -> None:
    desk.register(
        party("kate", "person"),
        *listed("manager", "wealth_manager", "wealth_connect"),
        *listed("kate", "bay_area_household"),
        said("kate", "investment_years", "2"),
        said("kate", "household_net_financial_assets", "1000000.00", "CNY"),
        paper("a1", "wealth_connect_account", holder="kate"),
        paper("south", "wealth_connect_use", net_elsewhere="149997000000.00 CNY"),
        account("K", "kate", "settlement", "5000000.00"),
    )
    facts = {"direction": "south", "channel_account": "a1", "amount": "3000000.00"}
    south = Business(
        desk, "wealth_connect", {"investor": "kate", "manager": "manager", "bank": "bank"}, facts
    )
    sent = south.permit("remit")
    south.refuse("remit", amount="0.01")
    south.permit("bring_back", sent, principal_back="1000000.00", gain="50000.00")
    assert balance(desk, "K") == 3_050_000_00
    south.refuse("remit", amount="1000000.01")
    south.permit("remit", amount="1000000.00")


def test_tax_withheld_in_excess_is_paid_over_and_given_back_once(desk: Desk) -> None:
    desk.register(
        party("investor", "enterprise", ABROAD),
        paper(
            "r1",
            "hk_residence_certificate",
            holder="investor",
            first_on="2025-01-01",
            last_on="2025-12-31",
        ),
        paper(
            "h1",
            "shareholding",
            owner="investor",
            company="manager",
            lowest_share_12_months="0.25",
        ),
        account("M", "manager", "settlement", "1000.00"),
    )
    facts = {"income_kind": "dividend", "income.is_taxable": "true", "income": "1000.00"}
    who = {"payer": "manager", "payee": "investor", "bank": "bank"}
    tax = Business(desk, "tax_relief", who, facts)
    tax.refuse("withhold_at_own_rate", tax="50.00")
    dividend = tax.permit("withhold_at_own_rate", tax="100.00")
    assert balance(desk, "M") == 0
    tax.permit("pay_over", dividend, paid_over="100.00")
    claim = {
        "certificate_no": "r1", "stake_no": "h1", "income__on": "2025-06-30", "refund": "50.00",
        "is_beneficial_owner": "true", "has_genuine_purpose": "true",
        "paid_on": "2025-06-30", "claimed_on": "2025-06-30",
    }  # fmt: skip
    tax.permit("refund", dividend, **claim)
    tax.refuse("refund", dividend, **claim)


def test_a_qualification_opens_the_channel_and_a_sale_of_the_day_frees_its_quota(
    desk: Desk,
) -> None:
    desk.register(
        *listed("manager", "connect_institution"),
        paper("q1", "channel_approval", holder="manager", channel="stock"),
        paper("c1", "connect_custody", holder="manager"),
        paper("stock_south", "channel_use", net_day="41999999000.00 CNY"),
        paper("l1", "connect_eligible", channel="stock_south", security_kind="share", risk="3"),
        account("C", "manager", "connect_cash", "5000.00"),
    )
    order = {
        "for_account": "own", "channel": "stock_south", "listing_no": "l1", "custody_no": "c1",
        "approval_no": "q1", "amount": "1000.00",
    }  # fmt: skip
    who = {"institution": "manager", "client": "manager", "bank": "bank"}
    stock = Business(desk, "connect_investment", who, order)
    stock.refuse("buy")
    stock.permit("qualify")
    bought = stock.permit("buy")
    stock.refuse("buy", amount="0.01")
    stock.permit("sell", bought, cost_sold="400.00", proceeds="440.00")
    assert balance(desk, "C") == 4440_00
    stock.refuse("buy", amount="400.01")
    stock.permit("buy", amount="400.00")
