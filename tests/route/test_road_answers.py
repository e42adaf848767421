"""What the road answers: by the register and the clauses of the day, with every figure shown."""

from datetime import date, timedelta

import pytest

from qianhai import journal, ledger
from qianhai.instructions import Instruction
from qianhai.kernel import BadInput, BrokenIntegrity, Outcome
from route.desk import DAY, NOON, Desk
from route.resale import amount_of, offer, open_shop
from route.umbrella import FACTS, account, balance, give_back, keep
from route.umbrella import WHO as KEEPERS

SALES = "limit:88.sales:firm:year:2025:quota.CNY"


@pytest.fixture(autouse=True)
def _shop(desk: Desk) -> None:
    open_shop(desk)


def test_every_provider_answers_and_a_different_fact_changes_the_answer(desk: Desk) -> None:
    receipt = {
        "kind": "record",
        "record_kind": "receipt",
        "id": "r-1",
        "attributes.price.amount": "30.00",
        "attributes.price.currency": "CNY",
    }
    hong_kong = {
        "kind": "party",
        "id": "parent",
        "type": "enterprise",
        "jurisdiction": "HK",
        "name": "某港企",
    }
    grade = {"kind": "attribute", "party": "firm", "name": "grade", "value": "3"}
    owned = {"kind": "ownership", "owner": "parent", "owned": "firm", "share": "1"}
    person = {"kind": "party", "id": "wang", "type": "person", "jurisdiction": "CN", "name": "王某"}
    other = {"kind": "ownership", "owner": "wang", "owned": "group", "share": "1"}

    def inspect(number: str) -> tuple[str, list[str]]:
        decision = offer(desk, number, "inspect").decision
        return decision.outcome.value, [m.fact for m in decision.missing]

    outcome, missing = inspect("i0")
    assert outcome == "refused", "no receipt is filed"
    desk.register(receipt)
    outcome, missing = inspect("i1")
    assert outcome == "incomplete"
    assert missing == ["seller.is_hk_funded", "seller_controls", "seller.grade"]
    desk.register(grade, hong_kong, person, other)
    assert inspect("i2") == ("incomplete", ["seller.is_hk_funded"])
    desk.register(owned)
    assert inspect("i3") == ("permitted", [])
    desk.register(grade | {"value": "1", "since": "2021-01-01"})
    assert inspect("i4")[0] == "refused"


def test_a_clause_only_proposed_is_open_while_an_instrument_of_its_own_holds(desk: Desk) -> None:
    def borrow(number: str, on: date) -> Outcome:
        return offer(desk, number, "borrow", on=on).decision.outcome

    assert borrow("b0", DAY) is Outcome.REFUSED
    desk.register(
        {
            "kind": "authorisation",
            "clause": "28a",
            "status": "pilot",
            "instrument": "notice",
            "number": "1",
            "issued_by": "office",
            "through": "109",
            "since": "2025-06-01",
            "until": "2025-06-30",
        }
    )
    days = (date(2025, 5, 31), date(2025, 6, 1), date(2025, 6, 30), date(2025, 7, 1))
    found = [borrow(f"b{at}", day) for at, day in enumerate(days, 1)]
    permitted, refused = Outcome.PERMITTED, Outcome.REFUSED
    assert found == [refused, permitted, permitted, refused]
    again = offer(desk, "b0", "borrow", on=DAY)
    assert again.is_repeat
    assert again.decision.outcome is Outcome.REFUSED, "an answer given stays as it was given"


def test_a_corrected_register_changes_the_next_answer_and_never_the_last(desk: Desk) -> None:
    assert offer(desk, "n1").decision.limits[0].cap == "100.00"
    with desk.database.transaction() as conn:
        before = conn.execute("select * from instructions.decisions").fetchall()
    desk.register(amount_of("firm", "stock", "40.00"))
    assert offer(desk, "n1").decision.limits[0].cap == "100.00"
    refused = offer(desk, "n2").decision
    assert refused.outcome is Outcome.REFUSED
    data = refused.reasons[0].data
    assert (data["cap"], data["used"], data["left"]) == ("40.00", "30.00", "10.00")
    with desk.database.transaction() as conn:
        kept = conn.execute(
            "select * from instructions.decisions where instruction_id = 'n1'"
        ).fetchall()
    assert kept == before


def test_a_negative_amount_gives_back_and_can_be_drawn_again(desk: Desk) -> None:
    def correct(number: str, more: str, less: str) -> Outcome:
        given = {"more": more, "less": less}
        return offer(desk, number, "correct", given).decision.outcome

    assert correct("c1", "100.00", "0.00") is Outcome.PERMITTED
    assert correct("c2", "0.01", "0.00") is Outcome.REFUSED
    assert correct("c3", "10.00", "40.00") is Outcome.PERMITTED
    assert balance(desk, SALES) == 7000
    assert correct("c4", "30.01", "0.00") is Outcome.REFUSED
    assert correct("c5", "5.00", "5.00") is Outcome.PERMITTED
    assert correct("c6", "30.00", "0.00") is Outcome.PERMITTED
    assert balance(desk, SALES) == 10000


def test_no_more_is_given_back_than_was_drawn_and_the_refusal_speaks_of_no_account(
    desk: Desk,
) -> None:
    offer(desk, "c1", "correct", {"more": "10.00", "less": "0.00"})
    answer = offer(desk, "c2", "correct", {"more": "0.00", "less": "10.01"})
    assert answer.decision.outcome is Outcome.REFUSED
    (reason,) = answer.decision.reasons
    assert (reason.code, reason.data["amount"]) == ("AM12", "10.01")
    assert balance(desk, SALES) == 1000


def test_effects_are_on_file_for_the_next_instruction_and_only_where_their_condition_holds(
    desk: Desk,
) -> None:
    offer(desk, "n1")
    offer(desk, "n2", "sell", {"receipt": "r-2"})
    refused = offer(desk, "n3", "sell", {"price.amount": "50.00"})
    assert refused.decision.outcome is Outcome.REFUSED
    with desk.database.transaction() as conn:
        filed = conn.execute(
            "select record, kind, party, since, evidence, attributes from registers.records"
            " order by record"
        ).fetchall()
        listed = conn.execute(
            "select party, name, since, evidence from registers.qualifications"
        ).fetchall()
    assert [row[:5] for row in filed] == [
        (number, "umbrella_sale", "firm", DAY, number) for number in ("n1", "n2")
    ]
    assert [row[5] for row in filed] == [
        {"price": ["30.00", "CNY"], "receipt": [receipt, None]} for receipt in ("r-1", "r-2")
    ]
    assert listed == [("firm", "umbrella_list", DAY, "n1")], "the second found itself listed"


def test_reports_of_a_permission_and_alerts_wait_to_leave_and_nothing_else(desk: Desk) -> None:
    offer(desk, "n1")
    offer(desk, "n2", "sell", {"parts": [{"name": "handle", "price": "1.00"}] * 3})
    offer(desk, "n3", "sell", {"ended_on": "2025-01-01"})
    offer(desk, "n1")
    with desk.database.transaction() as conn:
        alerts = conn.execute(
            "select instruction_id, kind, name, sent_at, attempts from instructions.outbox"
        ).fetchall()
        records = conn.execute(
            "select instruction_id, kind, version, period, sent_at, attempts"
            " from instructions.reports order by instruction_id, kind"
        ).fetchall()
    assert alerts == [("n2", "alert", "few_parts", None, 0)]
    assert records == [
        ("n1", "bop_declaration", 1, "2025-06", None, 0),
        ("n1", "fund_quota_register", 1, "2025-Q2", None, 0),
    ]


@pytest.mark.parametrize(
    ("accounts", "outcome", "missing"),
    [
        ({}, "incomplete", ["buyer.account"]),
        ({"buyer": "7200001"}, "permitted", []),
        ({"buyer": "7200003"}, "permitted", []),
        ({"buyer": "9999999"}, "incomplete", ["buyer.account"]),
        ({"buyer": "6200001"}, "incomplete", ["buyer.account"]),
        ({"buyer": "7200001", "seller": "7200001"}, "incomplete", ["seller.account"]),
    ],
)
def test_two_accounts_of_a_kind_are_told_apart_by_the_number_the_sender_names(
    desk: Desk, accounts: dict[str, str], outcome: str, missing: list[str]
) -> None:
    desk.register(account("7200003") | {"party": "group"})
    decision = offer(desk, "n1", accounts=accounts).decision
    assert (decision.outcome.value, [m.fact for m in decision.missing]) == (outcome, missing)
    if outcome == "permitted":
        assert balance(desk, f"account:bank-1:{accounts['buyer']}") == 7000
    else:
        assert decision.missing[0].document == "account_register"


def test_an_account_opened_on_demand_never_stands_in_for_one_on_the_register(desk: Desk) -> None:
    other = {"buyer": "7200001"}
    decision = offer(desk, "n1", "spend", accounts=other).decision
    assert decision.outcome is Outcome.INCOMPLETE
    assert [m.fact for m in decision.missing] == ["buyer.time_deposit"]


def test_a_later_action_takes_parties_facts_and_accounts_from_the_first(desk: Desk) -> None:
    keep(desk, "a1", "30.00")
    answer = give_back(desk, "b1", "10.00", "a1")
    assert answer.decision.outcome is Outcome.PERMITTED
    with desk.database.transaction() as conn:
        parties, facts, root = conn.execute(
            "select parties, facts, root from instructions.instructions where id = 'b1'"
        ).fetchall()[0]
    assert '"keeper":"firm"' in parties
    assert '"fee.amount":"30.00"' in facts
    assert root == "a1"


@pytest.mark.parametrize(
    ("why", "of", "action", "parties"),
    [
        ("unknown", "nowhere", "give_back", {}),
        ("unknown", "", "give_back", {}),
        ("not_permitted", "a2", "give_back", {}),
        ("other_action", "b1", "give_back", {}),
        ("other_action", "n1", "give_back", {}),
        ("other_action", "g1", "give_back", {}),
        ("other_action", "a1", "keep", KEEPERS),
        ("other_parties", "a1", "give_back", {"keeper": "group"}),
    ],
)
def test_what_cannot_be_continued_is_refused_with_the_reason_why(
    desk: Desk, why: str, of: str, action: str, parties: dict[str, str]
) -> None:
    keep(desk, "a1", "30.00")
    keep(desk, "a2", is_dry="false")
    give_back(desk, "b1", "10.00", "a1")
    offer(desk, "n1")
    desk.road.submit(Instruction("g1", "local", "", "", DAY, {}), at=desk.now())
    facts = FACTS if action == "keep" else {"back": "1.00"}
    answer = desk.submit("late", "umbrella_storage", action, parties, facts, of=of)
    assert answer.decision.outcome is Outcome.REFUSED
    (reason,) = answer.decision.reasons
    assert (reason.code, reason.data["of"], reason.data["why"]) == ("QH06", of, why)
    assert balance(desk, "account:bank-1:6200001") == 10000 - 3000 + 1000 + 3000


def test_an_instruction_of_no_facility_is_kept_and_asked_for_it(desk: Desk) -> None:
    answer = desk.road.submit(Instruction("g1", "local", "", "", DAY, {}), at=desk.now())
    assert answer.decision.outcome is Outcome.INCOMPLETE
    assert [one.fact for one in answer.decision.missing] == ["facility"]
    assert desk.road.submit(Instruction("g1", "local", "", "", DAY, {}), at=desk.now()).is_repeat


def test_what_no_account_can_hold_is_refused(desk: Desk) -> None:
    decision = offer(desk, "n1", "scale", {"price.amount": "1" * 17, "rate": "1000"}).decision
    assert (decision.outcome, decision.reasons[0].code) == (Outcome.REFUSED, "AM12")


def test_a_fraction_of_a_cent_is_a_mistake_of_the_pack_and_books_nothing(desk: Desk) -> None:
    with pytest.raises(BrokenIntegrity, match="whole number of minor units"):
        offer(desk, "n1", "scale", {"price.amount": "0.01", "rate": "0.5"})
    with desk.database.transaction() as conn:
        assert conn.execute("select from instructions.instructions").fetchall() == []


def test_quotes_in_a_text_are_part_of_what_was_said(desk: Desk) -> None:
    offer(desk, "n1", "sell", {"receipt": '"r"'})
    with pytest.raises(BadInput, match="used before"):
        offer(desk, "n1", "sell", {"receipt": "r"})
    with desk.database.transaction() as conn:
        ((facts,),) = conn.execute("select facts from instructions.instructions").fetchall()
    assert r'"receipt":"\"r\""' in facts


def test_a_limit_of_a_year_is_counted_by_the_value_date(desk: Desk) -> None:
    for number, day in enumerate((DAY, DAY, date(2026, 1, 1), date(2025, 12, 31))):
        answer = offer(desk, f"n{number}", "sell", {"price.amount": "20.00"}, on=day)
        assert answer.decision.outcome is Outcome.PERMITTED, answer.decision
    used = [balance(desk, SALES), balance(desk, SALES.replace("2025", "2026"))]
    assert used == [6000, 2000]


def test_a_given_away_umbrella_draws_the_limit_and_moves_no_money(desk: Desk) -> None:
    answer = offer(desk, "n1", "sell", {"is_gift": "true"})
    assert answer.decision.outcome is Outcome.PERMITTED
    assert balance(desk, SALES) == 3000
    assert balance(desk, "account:bank-1:7200001") == 10000


def test_a_business_that_moves_nothing_is_permitted_and_recorded_without_a_chain(
    desk: Desk,
) -> None:
    answer = offer(desk, "c1", "correct", {"more": "5.00", "less": "5.00"})
    assert (answer.decision.outcome, answer.ledger_seq) == (Outcome.PERMITTED, None)
    with desk.database.transaction() as conn:
        assert list(ledger.verify(conn)) == []
    with desk.database.transaction() as conn:
        assert list(journal.verify(conn)) == []


def test_a_clock_that_goes_back_answers_by_all_that_is_recorded(desk: Desk) -> None:
    instruction = desk.instruction("a1", "umbrella_storage", "keep", KEEPERS, FACTS)
    answer = desk.road.submit(instruction, at=NOON - timedelta(days=1))
    assert answer.decision.outcome is Outcome.PERMITTED, answer.decision


def test_a_repeat_names_the_same_limits_and_their_holders(desk: Desk) -> None:
    first = keep(desk, "a1", "30.00")
    again = keep(desk, "a1", "30.00")
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.decision == first.decision
    assert again.pools == first.pools
    assert [pool.holder for pool in again.pools if pool] == ["firm", "group"]
    refused = [keep(desk, "a2", "45.00") for _ in range(2)]
    assert [answer.pools for answer in refused][1] == (None, None), "a refusal drew nothing"
