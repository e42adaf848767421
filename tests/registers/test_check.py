from collections.abc import Collection

import pytest

from qianhai.kernel import BadInput, Flaw, Money, Place
from qianhai.registers import Account, Attribute, Party, RecordOnFile
from registers.enter import checked, entries, entry, party

ACCOUNT = {"number": "622200001", "party": "a", "bank": "b", "currency": "CNY"}

AUTHORISATION = entry(
    "authorisation",
    clause="1a",
    status="pilot",
    instrument="notice",
    number="7",
    issued_by="authority",
    through="12",
)
CONSENT = {
    "kind": "consent",
    "subject": "c",
    "purpose": "credit",
    "scope": "report",
    "granted_at": "2023-01-01T09:00:00+08:00",
}


def flaws_of(*rows: dict[str, str]) -> list[tuple[str, str | None]]:
    """The code and column of every flaw, or nothing when the input is good."""
    try:
        checked(entries(*rows))
    except BadInput as bad:
        flaws = bad.flaws
    else:
        return []
    assert all(flaw.en.endswith(".") and flaw.zh.endswith("。") for flaw in flaws)
    return [(flaw.code, flaw.place.column) for flaw in flaws]


GOOD = [
    party("a", area="original", identifiers__uscc="91440300708461136T", until="2030-12-31"),
    party("b", type="bank", identifiers__cnaps="308584000013", identifiers__bic="CMBCCNBS"),
    party("c", type="person", jurisdiction="HK", identifiers__hkid="A123456(3)"),
    entry("attribute", party="a", name="size", value="small"),
    entry("attribute", party="a", name="equity", value__amount="1.50", value__currency="HKD"),
    entry("attribute", party="a", name="is_listed", value="false"),
    entry("attribute", party="a", name="founded_on", value="2019-02-28"),
    entry("qualification", party="a", name="quality_enterprise", evidence="list 3 of 2023"),
    entry("ownership", owner="c", owned="a", share="1/3"),
    entry("ownership", owner="b", owned="a", share="0.25"),
    entry("account", **ACCOUNT, account_kind="settlement", opening_balance="10.00"),
    entry("record", record_kind="invoice", id="i-1", party="a", attributes__total__amount="9.99",
          attributes__total__currency="USD", attributes__issued_on="2023-05-01",
          attributes__is_paid="true", attributes__lines__0__text="freight"),
    AUTHORISATION,
    CONSENT | {"withdrawn_at": "2023-05-01T00:00:00Z"},
]  # fmt: skip


def test_a_good_input_is_read_into_records() -> None:
    found = checked(entries(*GOOD))
    assert [entry.kind for entry in found] == [row["kind"] for row in GOOD]
    first, equity, account, record = (found[at].recorded for at in (0, 4, 10, 11))
    assert isinstance(first, Party)
    assert first.identifiers == {"uscc": "91440300708461136T"}
    assert isinstance(equity, Attribute)
    assert equity.value == Money(150, "HKD")
    assert isinstance(account, Account)
    assert account.opening_balance == Money(1000, "CNY")
    assert isinstance(record, RecordOnFile)
    assert record.attributes == {
        "total": Money(999, "USD"),
        "issued_on": "2023-05-01",
        "is_paid": "true",
        "lines.0.text": "freight",
    }


@pytest.mark.parametrize(
    ("row", "flaw"),
    [
        ({"since": "2020-01-01"}, ("R103", "kind")),
        (entry("partys"), ("R104", "kind")),
        (party("a", name_zh="x"), ("R102", "name_zh")),
        (party("a", identifiers__uscc="91440300708461136R"), ("R105", "identifiers.uscc")),
        (party("a", identifiers__uscd="91440300708461136T"), ("R105", "identifiers.uscd")),
        (party("a", jurisdiction="UK"), ("R104", "jurisdiction")),
        (party("a", area="qianhai"), ("R104", "area")),
        (party("a", name=""), ("R103", "name")),
        (party("a", name="x\x00y"), ("R104", "name")),
        (party("a", since="2020-02-30"), ("R106", "since")),
        (party("a", since=""), ("R103", "since")),
        (party("a", until="2019-12-31"), ("R107", "until")),
        (party("a", retracted="yes"), ("R104", "retracted")),
        (party("a", identifiers__hkid="A123456(3)"), ("R114", "identifiers.hkid")),
        (party("a", evidence="copy of 11010519491231002x"), ("R114", "evidence")),
        (entry("attribute", party="a", name="size", value="tiny"), ("R104", "value")),
        (entry("attribute", party="a", name="equity", value="5"), ("R112", "value")),
        (
            entry("attribute", party="a", name="x", value__amount="5"),
            ("R103", "value.currency"),
        ),
        (entry("attribute", party="a", name="closed_on", value="soon"), ("R106", "value")),
        (entry("attribute", party="a", name="is_open", value="1"), ("R104", "value")),
        (entry("ownership", owner="b", owned="a", share="25%"), ("R113", "share")),
        (entry("ownership", owner="b", owned="a", share="25"), ("R113", "share")),
        (entry("ownership", owner="b", owned="a", share="1/0"), ("R113", "share")),
        (entry("ownership", owner="b", owned="a", share="0"), ("R113", "share")),
        (entry("account", **ACCOUNT | {"currency": "RMB"}, account_kind="x"), ("R104", "currency")),
        (
            entry("account", **ACCOUNT, account_kind="x", opening_balance="1.001"),
            ("R112", "opening_balance"),
        ),
        (
            entry("record", record_kind="x", id="1", attributes__a__amount="1"),
            ("R112", "attributes.a.amount"),
        ),
        (
            entry(
                "record",
                record_kind="x",
                id="1",
                attributes__a__amount="1",
                attributes__a__currency="CNX",
            ),
            ("R111", "attributes.a.amount"),
        ),
        (
            entry("record", record_kind="x", id="1", attributes__Total="1"),
            ("R102", "attributes.Total"),
        ),
        (AUTHORISATION | {"status": "open"}, ("R104", "status")),
        (AUTHORISATION | {"through": "friends"}, ("R104", "through")),
        (CONSENT | {"granted_at": "2023-01-01"}, ("R106", "granted_at")),
        (CONSENT | {"granted_at": "0001-01-01T00:00:00+08:00"}, ("R106", "granted_at")),
        (CONSENT | {"withdrawn_at": "2022-01-01T00:00:00Z"}, ("R107", "withdrawn_at")),
        (CONSENT | {"since": "2022-01-01"}, ("R102", "since")),
    ],
)
def test_a_mistake_is_named_with_its_cell(
    row: dict[str, str], flaw: tuple[str, str | None]
) -> None:
    assert flaws_of(row) == [flaw]


@pytest.mark.parametrize(
    "fields",
    [
        {"jurisdiction": "CN", "identifiers__resident_id": "810000199408230021"},
        {"jurisdiction": "HK", "identifiers__travel_permit": "M12345678"},
    ],
)
def test_a_permit_and_a_jurisdiction_must_agree(fields: dict[str, str]) -> None:
    assert flaws_of(party("c", type="person", **fields)) == [("R105", "jurisdiction")]


def test_a_unified_credit_code_is_not_taken_for_a_resident_number() -> None:
    assert flaws_of(party("a", evidence="see 914403001922038216")) == []


def test_all_mistakes_of_an_input_are_told_at_once_in_its_order() -> None:
    read_flaw = Flaw("M1", Place("register.jsonl", 2), "", "", "Unreadable.", "无法读取。")
    rows = entries(
        party("a", jurisdiction="XX", area="moon"),
        {"kind": "pratyy"},
        entry("ownership", owner="b", owned="a", share="2"),
        party("a"),
        party("a"),
    )
    with pytest.raises(BadInput) as caught:
        checked([rows[0], read_flaw, *rows[2:]], known_parties=lambda _ids: ())
    assert [(flaw.place.line, flaw.code) for flaw in caught.value.flaws] == [
        (1, "R104"),
        (1, "R104"),
        (2, "M1"),
        (3, "R113"),
        (5, "R108"),
    ]


def test_the_same_thing_twice_in_one_input_is_refused() -> None:
    qualification = entry("qualification", party="a", name="pilot")
    assert flaws_of(qualification, qualification) == [("R108", None)]
    assert flaws_of(qualification, qualification | {"since": "2021-01-01"}) == []


def test_more_than_the_whole_cannot_be_owned_on_any_day() -> None:
    first = entry("ownership", owner="b", owned="a", share="0.6")
    second = entry("ownership", owner="c", owned="a", share="0.5", since="2022-01-01")
    assert flaws_of(first, second) == [("R110", None)]
    assert flaws_of(first | {"until": "2021-12-31"}, second) == []
    sold_down = entry("ownership", owner="b", owned="a", share="0.5", since="2021-05-01")
    assert flaws_of(first, sold_down, second) == []
    assert flaws_of(first, second | {"retracted": "true"}) == []


def test_one_number_cannot_belong_to_two_parties() -> None:
    number = {"identifiers__uscc": "91440300708461136T"}
    assert flaws_of(party("a", **number), party("b", **number)) == [("R115", "identifiers.uscc")]
    again = party("a", **number, since="2022-01-01")
    assert flaws_of(party("a", **number), again) == []


def test_a_party_must_be_entered_or_on_record() -> None:
    def known(ids: Collection[str]) -> list[str]:
        return [id_ for id_ in ids if id_ == "on-record"]

    rows = entries(
        party("a"),
        entry("qualification", party="a", name="x"),
        entry("qualification", party="on-record", name="x"),
        entry("qualification", party="aa", name="x"),
        entry("record", record_kind="lease", id="1"),
    )
    with pytest.raises(BadInput) as caught:
        checked(rows, known_parties=known)
    assert [(flaw.place.line, flaw.code, flaw.value) for flaw in caught.value.flaws] == [
        (4, "R109", "aa")
    ]
    assert "Nearest: `a`" in caught.value.flaws[0].en
