import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from fractions import Fraction

import pytest

from qianhai import journal
from qianhai.db import Database
from qianhai.kernel import BadInput, Money
from qianhai.registers import Area, LoadSummary, Register, ShareRange, known_by, on_record
from registers.enter import BANK, entry, load_rows, noon, party, register

PARTIES = [
    party("fund-1", type="fund", area="original"),
    party("hk-1", jurisdiction="HK", area="outside"),
    party("bank-sz", type="bank", area="expanded"),
    party("lone"),
    party("person-1", type="person", jurisdiction="HK"),
]


def test_columns_are_answered_for_every_key_that_is_asked(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, PARTIES, noon(1))
        asked = register(conn, noon(2))
        ids = ["fund-1", "hk-1", "bank-sz", "lone", "nobody"]
        assert asked.area(ids) == {
            "fund-1": Area.ORIGINAL,
            "hk-1": Area.OUTSIDE,
            "bank-sz": Area.EXPANDED,
            "lone": None,
            "nobody": None,
        }
        assert list(asked.in_zone(ids).values()) == [True, False, True, None, None]
        assert list(asked.is_overseas(ids).values()) == [False, True, False, False, None]
        assert asked.known_parties(ids) == set(ids) - {"nobody"}
        found = asked.parties(["hk-1", "nobody"])
        assert found["nobody"] is None
        assert found["hk-1"] is not None
        assert (found["hk-1"].name, found["hk-1"].jurisdiction) == ("hk-1 Ltd", "HK")


def test_attributes_are_texts_and_exact_amounts(database: Database) -> None:
    rows = [
        entry("attribute", party="lone", name="size", value="small"),
        entry("attribute", party="lone", name="size", value="medium", since="2023-07-01"),
        entry(
            "attribute", party="lone", name="equity", value__amount="0.10", value__currency="CNY"
        ),
    ]
    with database.transaction() as conn:
        load_rows(conn, [*PARTIES, *rows], noon(1))
        asked = register(conn, noon(2))
        assert asked.attributes(["lone", "hk-1"], "size") == {"lone": "small", "hk-1": None}
        assert asked.attributes(["lone"], "equity") == {"lone": Money(10, "CNY")}
        july = register(conn, noon(2), date(2023, 7, 1))
        assert july.attributes(["lone"], "size") == {"lone": "medium"}


def test_a_qualification_not_on_the_register_is_false_and_ends_with_its_last_day(
    database: Database,
) -> None:
    rows = [
        entry("qualification", party="lone", name="pilot", until="2023-06-30"),
        entry("qualification", party="hk-1", name="pilot", since="2023-07-01"),
    ]
    with database.transaction() as conn:
        load_rows(conn, [*PARTIES, *rows], noon(1))
        ids = ["lone", "hk-1", "nobody"]
        held = register(conn, noon(2)).qualifications(ids, "pilot")
        assert held == {"lone": True, "hk-1": False, "nobody": False}
        held = register(conn, noon(2), date(2023, 7, 1)).qualifications(ids, "pilot")
        assert held == {"lone": False, "hk-1": True, "nobody": False}
        assert not any(register(conn, noon(2)).qualifications(ids, "other").values())


def test_a_past_answer_does_not_change_after_a_correction(database: Database) -> None:
    size = entry("attribute", party="lone", name="size", value="small")
    with database.transaction() as conn:
        load_rows(conn, [*PARTIES, size], noon(1))
        before = register(conn, noon(5)).attributes(["lone"], "size")
        load_rows(conn, [size | {"value": "medium"}], noon(10))
        assert before == {"lone": "small"}
        assert register(conn, noon(5)).attributes(["lone"], "size") == before
        assert register(conn, noon(10)).attributes(["lone"], "size") == {"lone": "medium"}
        load_rows(conn, [size | {"value": "medium", "retracted": "true"}], noon(20))
        assert register(conn, noon(19)).attributes(["lone"], "size") == {"lone": "medium"}
        assert register(conn, noon(20)).attributes(["lone"], "size") == {"lone": None}


def test_a_late_registration_is_true_before_it_was_known(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, PARTIES, noon(1))
        late = entry("qualification", party="lone", name="pilot", since="2022-01-01")
        load_rows(conn, [late], noon(20))
        true_on = date(2022, 6, 1)
        known = Register(conn, BANK, true_on, noon(20)).qualifications(["lone"], "pilot")
        not_yet = Register(conn, BANK, true_on, noon(19)).qualifications(["lone"], "pilot")
        assert (known["lone"], not_yet["lone"]) == (True, False)


def test_a_retracted_row_lets_the_earlier_one_hold_again(database: Database) -> None:
    pilot = entry("qualification", party="lone", name="pilot")
    ended = pilot | {"since": "2023-01-01", "until": "2023-03-31"}
    with database.transaction() as conn:
        load_rows(conn, [*PARTIES, pilot, ended], noon(1))
        assert register(conn, noon(2)).qualifications(["lone"], "pilot") == {"lone": False}
        load_rows(conn, [ended | {"retracted": "true"}], noon(3))
        assert register(conn, noon(3)).qualifications(["lone"], "pilot") == {"lone": True}


def test_an_instant_of_knowledge_never_repeats_or_goes_back(database: Database) -> None:
    size = entry("attribute", party="lone", name="size", value="small")
    with database.transaction() as conn:
        first = load_rows(conn, [*PARTIES, size], noon(10))
        second = load_rows(conn, [size | {"value": "medium"}], noon(10))
        third = load_rows(conn, [size | {"value": "large"}], noon(5))
        assert first.known_since == noon(10)
        assert first.known_since < second.known_since < third.known_since
        assert register(conn, noon(10)).attributes(["lone"], "size") == {"lone": "small"}
        latest = known_by(conn, BANK, noon(10))
        assert latest == third.known_since
        assert register(conn, latest).attributes(["lone"], "size") == {"lone": "large"}
        assert known_by(conn, BANK, noon(11)) == noon(11)
        assert known_by(conn, "bank-2", noon(10)) == noon(10)


def test_the_same_content_again_adds_nothing(database: Database) -> None:
    rows = [
        *PARTIES,
        entry("qualification", party="lone", name="pilot"),
        entry("ownership", owner="hk-1", owned="lone", share="0.5"),
        entry("account", number="1", party="lone", bank="bank-sz", currency="CNY",
              account_kind="settlement"),
        entry("record", record_kind="invoice", id="i", attributes__fee__amount="1.00",
              attributes__fee__currency="CNY"),
        entry("authorisation", clause="1a", status="pilot", instrument="n", number="1",
              issued_by="x", through="rule"),
        {"kind": "consent", "subject": "person-1", "purpose": "credit", "scope": "report",
         "granted_at": "2023-01-01T09:00:00+08:00"},
    ]  # fmt: skip
    with database.transaction() as conn:
        first = load_rows(conn, rows, noon(1))
        head = journal.head(conn)
        again = load_rows(conn, rows, noon(2))
        assert sum(first.new.values()) == len(rows)
        assert first.unchanged == {}
        assert again.new == {}
        assert again.unchanged == first.new
        assert journal.head(conn) == head
        back = [rows[5] | {"evidence": "list 2"}, rows[5]]
        assert [load_rows(conn, [row], noon(3)).new for row in back] == [{"qualification": 1}] * 2


def test_two_institutions_do_not_see_each_others_registers(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, PARTIES, noon(1), institution_id="bank-2")
        assert register(conn, noon(2)).known_parties(["lone"]) == set()
        assert on_record(conn, "bank-2", ["lone", "nobody"]) == {"lone"}
        assert on_record(conn, BANK, ["lone"]) == set()


def test_the_share_funded_from_hong_kong_is_exact_or_unknown(database: Database) -> None:
    rows = [
        party("top"),
        party("mid"),
        party("citizen", type="person"),
        entry("ownership", owner="hk-1", owned="mid", share="1/3"),
        entry("ownership", owner="citizen", owned="mid", share="2/3"),
        entry("ownership", owner="mid", owned="top", share="0.5"),
        entry("ownership", owner="person-1", owned="top", share="0.25"),
        entry("ownership", owner="lone", owned="top", share="0.25"),
    ]
    with database.transaction() as conn:
        load_rows(conn, [*PARTIES, *rows], noon(1))
        asked = register(conn, noon(2))
        ids = ["mid", "top", "hk-1", "citizen", "lone"]
        assert asked.hk_share(ids) == {
            "mid": Fraction(1, 3),
            "top": None,
            "hk-1": 1,
            "citizen": 0,
            "lone": None,
        }
        low = Fraction(1, 6) + Fraction(1, 4)
        assert asked.hk_share_range(["top"]) == {"top": ShareRange(low, low + Fraction(1, 4))}
        load_rows(conn, [entry("ownership", owner="citizen", owned="lone", share="1")], noon(3))
        assert register(conn, noon(3)).hk_share(["top"]) == {"top": low}
        assert register(conn, noon(2)).hk_share(["top"]) == {"top": None}


def test_control_follows_the_holdings_standing_on_the_day(database: Database) -> None:
    rows = [
        party("mid"),
        entry("ownership", owner="hk-1", owned="mid", share="0.6", until="2023-06-30"),
        entry("ownership", owner="person-1", owned="mid", share="0.4"),
        entry("ownership", owner="person-1", owned="lone", share="0.3"),
        entry("ownership", owner="mid", owned="lone", share="0.7"),
    ]
    with database.transaction() as conn:
        load_rows(conn, [*PARTIES, *rows], noon(1))
        pairs = [("hk-1", "lone"), ("mid", "lone"), ("fund-1", "lone"), ("lone", "person-1")]
        answers = register(conn, noon(2)).controls(pairs)
        assert list(answers.values()) == [True, True, None, False]
        july = register(conn, noon(2), date(2023, 7, 1)).controls(pairs)
        assert list(july.values()) == [None, True, None, False]


def test_an_account_is_found_by_number_and_by_holder_on_a_day(database: Database) -> None:
    account = entry("account", number="1", party="lone", bank="bank-sz", currency="HKD",
                    account_kind="nra", opening_balance="7.00")  # fmt: skip
    moved = account | {"party": "hk-1", "since": "2023-07-01"}
    with database.transaction() as conn:
        load_rows(conn, [*PARTIES, account, moved], noon(1))
        asked = register(conn, noon(2))
        found = asked.account_by_number(["1", "2"])
        assert found["2"] is None
        assert found["1"] is not None
        assert (found["1"].party, found["1"].opening_balance) == ("lone", Money(700, "HKD"))
        assert asked.accounts(["lone", "hk-1"]) == {"lone": (found["1"],), "hk-1": ()}
        july = register(conn, noon(2), date(2023, 7, 1)).accounts(["lone", "hk-1"])
        assert [len(accounts) for accounts in july.values()] == [0, 1]


def test_papers_on_file_are_found_by_kind_and_id(database: Database) -> None:
    invoice = entry("record", record_kind="invoice", id="7", party="lone",
                    attributes__fee__amount="3.10", attributes__fee__currency="USD",
                    attributes__issued_on="2023-05-01")  # fmt: skip
    lease = entry("record", record_kind="lease", id="7", attributes__asset="crane")
    with database.transaction() as conn:
        load_rows(conn, [*PARTIES, invoice, lease], noon(1))
        found = register(conn, noon(2)).records("invoice", ["7", "8"])
        assert found["8"] is None
        assert found["7"] is not None
        assert found["7"].party == "lone"
        assert found["7"].attributes == {"fee": Money(310, "USD"), "issued_on": "2023-05-01"}
        leases = register(conn, noon(2)).records("lease", ["7"])
        assert leases["7"] is not None
        assert leases["7"].attributes == {"asset": "crane"}


def test_authorisations_in_effect_are_listed_by_clause(database: Database) -> None:
    rows = [
        entry("authorisation", clause=clause, status="in_force", instrument="notice", number="9",
              issued_by="authority", through="rule", since=since)
        for clause, since in (("2b", "2023-01-01"), ("1a", "2023-01-01"), ("3c", "2024-01-01"))
    ]  # fmt: skip
    with database.transaction() as conn:
        load_rows(conn, rows, noon(1))
        found = register(conn, noon(2)).authorisations()
        assert [(found_.clause, found_.status, found_.through) for found_ in found] == [
            ("1a", "in_force", "rule"),
            ("2b", "in_force", "rule"),
        ]


def test_a_consent_holds_until_the_day_it_is_withdrawn(database: Database) -> None:
    consent = {
        "kind": "consent",
        "subject": "person-1",
        "purpose": "credit",
        "scope": "report",
        "granted_at": "2023-01-01T00:00:00+08:00",
    }
    withdrawn = consent | {"withdrawn_at": "2023-06-30T23:00:00+08:00"}
    with database.transaction() as conn:
        load_rows(conn, [*PARTIES, consent], noon(1))
        load_rows(conn, [withdrawn], noon(10))
        asked = register(conn, noon(9)).consents(["person-1", "lone"], "credit")
        assert asked == {"person-1": frozenset({"report"}), "lone": frozenset()}
        assert register(conn, noon(9)).consents(["person-1"], "other")["person-1"] == frozenset()
        assert register(conn, noon(10)).consents(["person-1"], "credit")["person-1"] == frozenset()
        day_before = register(conn, noon(10), date(2023, 6, 29)).consents(["person-1"], "credit")
        assert day_before["person-1"] == {"report"}


def test_a_load_refuses_what_the_register_contradicts_and_leaves_nothing(
    database: Database,
) -> None:
    with database.transaction() as conn:
        holder = party("holder", identifiers__uscc="91440300708461136T")
        half = entry("ownership", owner="hk-1", owned="lone", share="0.6")
        load_rows(conn, [*PARTIES, holder, half], noon(1))
    cases = [
        ([entry("qualification", party="nobody", name="x")], "R109"),
        ([party("other", identifiers__uscc="91440300708461136T")], "R115"),
        ([entry("ownership", owner="bank-sz", owned="lone", share="0.5")], "R110"),
    ]
    for rows, code in cases:
        with pytest.raises(BadInput) as caught, database.transaction() as conn:
            load_rows(conn, rows, noon(2))
        assert [flaw.code for flaw in caught.value.flaws] == [code]
    with database.transaction() as conn:
        assert register(conn, noon(3)).known_parties(["other"]) == set()
        assert list(journal.verify(conn)) == []


def test_a_long_input_goes_on_record_portion_by_portion_all_of_it_or_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["qianhai.registers.load"], "_PORTION_ROWS", 2)
    numbered = party("late", identifiers__uscc="91440300708461136T")
    early = entry("qualification", party="late", name="x")
    again = numbered | {"id": "other"}
    flawed = [early, party("a"), numbered, again, early, entry("attribute", party="b", name="x")]
    with pytest.raises(BadInput) as caught, database.transaction() as conn:
        load_rows(conn, flawed, noon(1))
    assert [(flaw.place.line, flaw.code) for flaw in caught.value.flaws] == [
        (4, "R115"),
        (5, "R108"),
        (6, "R103"),
    ]
    sound = [early, party("a"), numbered, entry("qualification", party="a", name="x")]
    with database.transaction() as conn:
        assert register(conn, noon(2)).known_parties(["a", "late", "other"]) == set()
        assert load_rows(conn, sound, noon(3)).new == {"party": 2, "qualification": 2}
        assert load_rows(conn, sound, noon(4)).unchanged == {"party": 2, "qualification": 2}
        assert register(conn, noon(5)).known_parties(["a", "late", "other"]) == {"a", "late"}
        assert list(journal.verify(conn)) == []


def test_a_changed_removed_or_added_row_is_found_by_the_journal(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [*PARTIES, entry("qualification", party="lone", name="x")], noon(1))
        assert list(journal.verify(conn)) == []
    added = """insert into registers.qualifications select (jsonb_populate_record(
        q, '{"id": "00000000-0000-8000-8000-000000000000", "party": "hk-1"}')).*
        from registers.qualifications q"""
    changes = [
        "update registers.qualifications set name = 'pilot'",
        "delete from registers.qualifications",
        added,
    ]
    for change in changes:
        with database.transaction(rollback=True) as conn:
            conn.execute("alter table registers.qualifications disable trigger user")
            conn.execute(change.encode())
            flaws = list(journal.verify(conn))
            assert len(flaws) == 1
            assert "registers.qualifications" in str(flaws[0])


def test_rows_refuse_to_be_changed(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, PARTIES, noon(1))
    statements = [
        "update registers.parties set jurisdiction = 'HK'",
        "delete from registers.parties",
        "truncate registers.accesses",
        "update registers.subject_keys set subject = 'x'",
    ]
    for statement in statements:
        with pytest.raises(Exception, match="append-only"), database.transaction() as conn:
            conn.execute(statement.encode())


def test_a_chain_of_fifty_companies_is_answered(database: Database) -> None:
    with database.transaction() as conn:
        many = [party(f"p-{n}") for n in range(50)]
        chain = [
            entry("ownership", owner=f"p-{n}", owned=f"p-{n + 1}", share="1") for n in range(49)
        ]
        load_rows(conn, [*PARTIES, *many, *chain], noon(1))
        load_rows(conn, [entry("ownership", owner="hk-1", owned="p-0", share="1")], noon(2))
        ids = [f"p-{n}" for n in range(50)]
        asked = register(conn, noon(3))
        assert set(asked.hk_share(ids).values()) == {Fraction(1)}
        assert asked.controls([("p-0", "p-49")]) == {("p-0", "p-49"): True}


def test_loads_at_the_same_time_wait_for_each_other(database: Database) -> None:
    size = entry("attribute", party="lone", name="size", value="small")

    def enter(_number: int) -> LoadSummary:
        with database.transaction() as conn:
            return load_rows(conn, [*PARTIES, size], noon(1))

    with ThreadPoolExecutor(8) as pool:
        summaries = list(pool.map(enter, range(8)))
    assert sorted(sum(summary.new.values()) for summary in summaries) == [0] * 7 + [6]
    with database.transaction() as conn:
        assert list(journal.verify(conn)) == []
