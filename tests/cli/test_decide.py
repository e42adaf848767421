"""`qianhai decide`: the contract other programs rely on, and the vectors they know."""

import copy
import json
from collections.abc import Mapping

import pytest

from cli.terminal import Json, Terminal

REFUND: Json = Json(
    {
        "enterprise": {"in_zone": True, "is_eligible": True, "class": "A"},
        "trade_kind": "goods",
        "refund": {"amount": "50000.00", "currency": "USD", "on": "2023-06-30"},
        "original": {
            "amount": "900000.00",
            "currency": "USD",
            "on": "2022-12-31",
            "refunded_before": "0.00",
        },
        "is_original_route": True,
        "reason_evidence": False,
        "usd_rate": "1",
    }
)
BELOW = {"refund__amount": "49999.99"}
SMALL = {"refund__amount": "10000.00"}
NOT_ELIGIBLE = {"enterprise__is_eligible": False, "refund__amount": "60000.00"}
OTHER_ROUTE = {"original__on": "2023-06-20", "is_original_route": False}
LENDING = Json(
    {
        "lender": {"in_zone": True, "equity": {"amount": "100.00", "currency": "CNY"}},
        "amount": {"amount": "80.00", "currency": "CNY"},
        "outstanding": {"amount": "0.00", "currency": "CNY"},
        "is_genuine": True,
    }
)
LOAN = Json(
    {
        "bank": {"in_pilot": True},
        "borrower": {"in_pilot": True, "in_zone": True, "is_hk_funded": True, "size": "small"},
        "lender": {"kind": "bank", "is_overseas": True},
        "amount": {"amount": "0.01", "currency": "CNY"},
        "outstanding": {"amount": "4999999.99", "currency": "CNY"},
    }
)


def changed(base: Json, **changes: object) -> Json:
    """Return facts with dotted leaves changed; None takes a leaf away."""
    facts = copy.deepcopy(base)
    for path, value in changes.items():
        *parents, leaf = path.split("__")
        at: dict[str, object] = facts
        for name in parents:
            inner = at[name]
            assert isinstance(inner, dict)
            at = inner
        if value is None:
            del at[leaf]
        else:
            at[leaf] = value
    return facts


def test_the_document_has_every_part_of_the_contract(qianhai: Terminal) -> None:
    document = qianhai.decide("special_refund", REFUND, "--on", "2023-06-30")
    assert {
        "facility", "measure", "clause", "on", "outcome", "reasons", "conditions", "missing",
        "limits", "documents", "reports", "pack",
    } <= set(document)  # fmt: skip
    assert document["outcome"] == "permitted"
    assert (document["facility"], document["measure"], document["clause"]) == (
        "special_refund",
        55,
        "55a",
    )
    assert document["on"] == "2023-06-30"
    for reason in document.rows("reasons"):
        assert {"code", "clause", "zh", "en", "data"} <= set(reason)
    for condition in document.rows("conditions"):
        assert set(condition) == {"id", "value", "clause", "basis"}
        assert condition["value"] in {"true", "false", "unknown"}
    (limit,) = document.rows("limits")
    assert limit == {
        "id": "original",
        "asset": "USD",
        "cap": "900000.00",
        "used": "0.00",
        "asked": "50000.00",
        "left": "900000.00",
    }
    assert set(document.part("pack")) == {"version", "hash"}


@pytest.mark.parametrize(
    ("changes", "on", "expected"),
    [
        ({"original__on": "2023-01-01"}, "2023-06-30", "ordinary"),
        ({**BELOW, "enterprise__class": "B"}, "2023-06-30", "register_first"),
        (NOT_ELIGIBLE, "2023-06-01", "register_first"),
        (NOT_ELIGIBLE, "2024-06-01", "permitted"),
        ({**NOT_ELIGIBLE, **SMALL, "enterprise__class": "B"}, "2024-07-01", "register_first"),
        ({"refund__amount": "900000.01"}, "2023-06-30", "refused"),
        (OTHER_ROUTE, "2023-06-30", "incomplete"),
        ({**OTHER_ROUTE, "reason_evidence": True}, "2023-06-30", "permitted"),
        ({"trade_kind": "services"}, "2023-06-30", "ordinary"),
        ({"enterprise__in_zone": None, "enterprise__class": "B"}, "2023-06-30", "incomplete"),
        ({}, "2022-05-01", "permitted"),
        ({"refund__amount": "50000.01"}, "2022-05-01", "register_first"),
    ],
)  # fmt: skip
def test_special_refunds(
    qianhai: Terminal, changes: Mapping[str, object], on: str, expected: str
) -> None:
    document = qianhai.decide("special_refund", changed(REFUND, **changes), "--on", on)
    assert document["outcome"] == expected


@pytest.mark.parametrize(
    ("changes", "on", "expected"),
    [
        ({}, "2023-06-30", "permitted"),
        ({"amount__amount": "80.01"}, "2023-06-30", "refused"),
        ({"lender__in_zone": False, "amount__amount": "30.00"}, "2020-12-31", "permitted"),
        ({"lender__in_zone": False, "amount__amount": "30.01"}, "2020-12-31", "refused"),
        ({"lender__in_zone": False, "amount__amount": "50.00"}, "2023-06-30", "permitted"),
        ({"lender__in_zone": False, "amount__amount": "50.01"}, "2023-06-30", "refused"),
        ({"lender__in_zone": False, "amount__amount": "60.00"}, "2026-04-01", "permitted"),
        ({"lender__in_zone": False, "amount__amount": "60.01"}, "2026-04-01", "refused"),
        ({"amount__amount": "50.01"}, "2023-02-22", "refused"),
        ({"lender__equity__amount": "-5.00", "amount__amount": "0.01"}, "2023-06-30", "refused"),
        ({"is_genuine": False}, "2023-06-30", "refused"),
        ({"is_genuine": None}, "2023-06-30", "incomplete"),
        ({"outstanding__amount": None}, "2023-06-30", "incomplete"),
    ],
)  # fmt: skip
def test_overseas_lending(
    qianhai: Terminal, changes: dict[str, object], on: str, expected: str
) -> None:
    document = qianhai.decide("overseas_lending", changed(LENDING, **changes), "--on", on)
    assert document["outcome"] == expected


@pytest.mark.parametrize(
    ("changes", "expected", "missing"),
    [
        ({}, "permitted", []),
        ({"outstanding__amount": "5000000.00"}, "refused", []),
        ({"borrower__size": "medium"}, "refused", []),
        ({"amount__currency": "USD"}, "refused", []),
        ({"bank__in_pilot": None}, "incomplete", ["bank.in_pilot"]),
        ({"outstanding": None}, "incomplete", ["outstanding.amount", "outstanding.currency"]),
    ],
)
def test_overseas_rmb_loans(
    qianhai: Terminal, changes: dict[str, object], expected: str, missing: list[str]
) -> None:
    document = qianhai.decide("overseas_rmb_loan", changed(LOAN, **changes), "--on", "2023-06-30")
    assert document["outcome"] == expected
    assert sorted(str(one["fact"]) for one in document.rows("missing")) == missing


def test_the_day_is_today_in_shanghai_when_none_is_named(qianhai: Terminal) -> None:
    assert qianhai.decide("overseas_lending", LENDING)["on"] == "2025-06-30"


def test_a_switch_judges_another_reading(qianhai: Terminal) -> None:
    facts = changed(
        REFUND,
        enterprise__class="B",
        refund__amount="49999.99",
        is_original_route=False,
        reason_evidence=True,
    )
    on = ("--on", "2023-06-30")
    assert qianhai.decide("special_refund", facts, *on)["outcome"] == "register_first"
    other = ("--switch", "55.amount_scope=interval_only")
    assert qianhai.decide("special_refund", facts, *on, *other)["outcome"] == "permitted"


REFUNDING = ("decide", "special_refund", "--facts", "-")


@pytest.mark.parametrize(
    ("argv", "given", "expected"),
    [
        (("decide", "special_refnd", "--facts", "-"), "{}", "special_refund"),
        (("decide", "special_refund", "--facts", "/no/such/file"), "", "No such file"),
        (("decide", "special_refund"), "", "--facts"),
        (("decde",), "", "decde"),
        ((*REFUNDING, "--action", "refnd"), "{}", "refund"),
        ((*REFUNDING, "--on", "2023-02-30"), "{}", "YYYY-MM-DD"),
        ((*REFUNDING, "--switch", "55.amount_scop=both"), "{}", "55.amount_scope"),
        ((*REFUNDING, "--switch", "55.amount_scope=bth"), "{}", "55.amount_scope="),
        (REFUNDING, "{", "JSON"),
        (REFUNDING, "[]", "object"),
        (REFUNDING, "[" * 100_000, "JSON"),
        (REFUNDING, b"\xff\xfe{", "UTF-8"),
        (REFUNDING, '{"trade_kind": 1, "trade_kind": 2}', "twice"),
        (REFUNDING, '{"refund": {"amount": "1.005", "currency": "CNY"}}', "decimals"),
        (REFUNDING, '{"refund": {"amount": "0.00", "currency": "CNY"}}', "above zero"),
        (REFUNDING, '{"usd_rate": "0"}', "above zero"),
        (REFUNDING, '{"refund": {"amount": 1.5}}', "quotes"),
    ],
)
def test_wrong_words_are_told_in_one_document_and_exit_2(
    qianhai: Terminal, argv: tuple[str, ...], given: str | bytes, expected: str
) -> None:
    done = qianhai(*argv, "--json", given=given)
    assert done.code == 2
    error = done.document.part("error")
    assert error["exit_code"] == 2
    told = str(error["message"]) + str([flaw["en"] for flaw in error.rows("flaws")])
    assert expected in told
    for flaw in error.rows("flaws"):
        assert flaw["zh"]
        assert flaw["expected"]


def test_all_mistakes_of_the_facts_are_told_at_once(qianhai: Terminal) -> None:
    facts = {
        "lender": {"in_zne": True},
        "amount": {"amount": "x", "currency": "CNX"},
        "is_genuine": "maybe",
    }
    given = json.dumps(facts)
    done = qianhai("decide", "overseas_lending", "--facts", "-", "--json", given=given)
    columns = {flaw["column"] for flaw in done.document.part("error").rows("flaws")}
    assert columns == {"lender.in_zne", "amount.amount", "amount.currency", "is_genuine"}


def test_the_terminal_tells_the_outcome_in_both_languages(qianhai: Terminal) -> None:
    given = "{}"
    chinese = qianhai("decide", "special_refund", "--facts", "-", given=given, language="zh")
    english = qianhai("decide", "special_refund", "--facts", "-", given=given)
    assert "尚缺事实" in chinese.out
    assert "incomplete" in english.out
