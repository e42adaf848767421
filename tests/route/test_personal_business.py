"""What a person's business says is readable by nobody who has only the database."""

import pytest

from qianhai import journal
from qianhai.kernel import BadInput, Outcome
from qianhai.registers import erase
from route.desk import Desk

WHO = {"person": "person-1", "bank": "bank-1", "counterparty": "aunt"}
FACTS = {
    "is_own_document": "true",
    "is_valid_document": "true",
    "direction": "out",
    "amount.amount": "71234.56",
    "amount.currency": "CNY",
    "usd_rate": "7.1000",
    "fx_used_this_year": "0.00",
}
TEXTS = """
select facts from instructions.instructions union all select facts from instructions.decisions
union all select explained from instructions.decisions
union all select fields from instructions.reports
"""


@pytest.fixture
def remitted(desk: Desk) -> Desk:
    party = {"kind": "party", "jurisdiction": "CN", "area": "original"}
    desk.register(
        {**party, "id": "person-1", "type": "person", "name": "陈大文"},
        {**party, "id": "aunt", "type": "person", "name": "李小明", "jurisdiction": "HK"},
        {**party, "id": "bank-1", "type": "bank", "name": "某银行"},
        {"kind": "qualification", "party": "bank-1", "name": "procedure_60"},
        {
            "kind": "account",
            "number": "6200009",
            "party": "person-1",
            "bank": "bank-1",
            "currency": "CNY",
            "account_kind": "settlement",
            "opening_balance": "100000.00",
        },
    )
    answer = desk.submit("p1", "personal_rmb_on_id", "remit", WHO, FACTS)
    assert answer.decision.outcome is Outcome.PERMITTED, answer.decision.reasons
    return desk


def test_no_text_of_it_rests_in_the_open(remitted: Desk) -> None:
    with remitted.database.transaction() as conn:
        texts = [row[0] for row in conn.execute(TEXTS).fetchall()]
    assert len(texts) > 3
    assert all(text.startswith("sealed:") for text in texts)


def test_it_is_answered_again_and_continued_as_if_it_were_not(remitted: Desk) -> None:
    again = remitted.submit("p1", "personal_rmb_on_id", "remit", WHO, FACTS)
    assert again.is_repeat
    assert again.decision.limits[0].asked == "10033.04"
    back = remitted.submit("p2", "personal_rmb_on_id", "return", {}, {"returned": "1.00"}, of="p1")
    assert back.decision.outcome is Outcome.PERMITTED, back.decision.reasons


def test_after_erasing_the_person_the_journal_still_proves_itself(remitted: Desk) -> None:
    with remitted.database.transaction() as conn:
        assert erase(
            conn,
            "person-1",
            institution_id="local",
            reason="asked for by the subject",
            by="test",
            at=remitted.now(),
            salts=lambda: remitted.admission.salts(16),
        )
    with remitted.database.transaction() as conn:
        assert list(journal.verify(conn)) == []
    with pytest.raises(BadInput, match="was erased"):
        remitted.submit("p1", "personal_rmb_on_id", "remit", WHO, FACTS)
