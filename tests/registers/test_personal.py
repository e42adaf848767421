from typing import Any
from uuid import UUID

import pytest
from psycopg import sql

from qianhai import journal
from qianhai.db import Connection, Database
from qianhai.kernel import BrokenIntegrity, Environment
from qianhai.registers import Keyring, Revealed, erase, reveal
from qianhai.registers.keys import SubjectKey
from registers.enter import BANK, KEYRING, entry, load_rows, noon, party, register, salt

HKID, RESIDENT = "A1234563", "11010519491231002X"
CHAN = party(
    "chan",
    type="person",
    jurisdiction="HK",
    name="陈大文",
    name_en="Chan Tai Man",
    identifiers__hkid="A123456(3)",
    evidence="card seen by Mrs Ho",
)
LI = party("li", type="person", name="李四", identifiers__resident_id=RESIDENT)
FIRM = party("firm", identifiers__uscc="91440300708461136T")
HIDDEN = ["陈大文", "Chan Tai Man", HKID, "A123456", "Mrs Ho", "李四", RESIDENT]


def read(conn: Connection, *ids: str, keyring: Keyring = KEYRING) -> dict[str, Revealed | None]:
    """Reveal parties for a test's purpose."""
    return reveal(
        conn,
        keyring,
        ids,
        institution_id=BANK,
        purpose="print the notice",
        by="officer-7",
        at=noon(9),
        salts=salt,
    )


def erased(conn: Connection, subject: str) -> bool:
    """Erase a subject on request."""
    return erase(
        conn,
        subject,
        institution_id=BANK,
        reason="asked by the subject",
        by="officer-7",
        at=noon(10),
        salts=salt,
    )


def dump(conn: Connection) -> str:
    """Everything that rests in any table of any room, as text."""
    tables = conn.execute(
        "select schemaname, tablename from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    lines: list[Any] = []
    for schema, table in tables:
        query = sql.SQL("select t::text from {} t").format(sql.Identifier(schema, table))
        lines.extend(line for (line,) in conn.execute(query))
    assert len(lines) > 5
    return "\n".join(lines)


def test_no_name_or_number_of_a_person_rests_in_plain_text(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [CHAN, LI, FIRM], noon(1))
        read(conn, "chan", "li")
        text = dump(conn)
        assert "firm Ltd" in text
        for word in HIDDEN:
            assert word not in text
            assert word.encode().hex() not in text


def test_a_register_answers_without_names_of_persons(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [CHAN, FIRM], noon(1))
        found = register(conn, noon(2)).parties(["chan", "firm"])
        chan, firm = found["chan"], found["firm"]
        assert chan is not None
        assert firm is not None
        assert (chan.name, chan.name_en, chan.identifiers, chan.evidence) == ("", "", {}, "")
        assert chan.jurisdiction == "HK"
        assert (firm.name, firm.identifiers) == ("firm Ltd", {"uscc": "91440300708461136T"})


def test_a_reading_is_answered_and_recorded(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [CHAN, FIRM], noon(1))
        found = read(conn, "chan", "firm", "nobody")
        assert found == {
            "chan": Revealed("陈大文", "Chan Tai Man", {"hkid": HKID}),
            "firm": Revealed("firm Ltd", "", {"uscc": "91440300708461136T"}),
            "nobody": None,
        }
        accesses = conn.execute(
            "select institution_id, subjects, purpose, read_by, at from registers.accesses"
        ).fetchall()
        assert accesses == [(BANK, ["chan"], "print the notice", "officer-7", noon(9))]
        last = conn.execute("select kind from journal.entries order by seq desc").fetchone()
        assert last == ("registers.revealed",)
        read(conn, "firm")
        assert conn.execute("select count(*) from registers.accesses").fetchone() == (1,)
        assert list(journal.verify(conn)) == []


def test_an_erased_person_is_unreadable_and_the_seals_still_verify(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [CHAN, LI, entry("qualification", party="chan", name="x")], noon(1))
        moved = CHAN | {"since": "2023-01-01", "name_en": "Chan David"}
        load_rows(conn, [moved], noon(2))
        assert erased(conn, "chan")
        assert not erased(conn, "chan")
        assert read(conn, "chan", "li")["chan"] is None
        assert read(conn, "chan", "li")["li"] == Revealed("李四", "", {"resident_id": RESIDENT})
        asked = register(conn, noon(11))
        assert asked.known_parties(["chan"]) == {"chan"}
        assert asked.qualifications(["chan"], "x") == {"chan": True}
        assert asked.party_by_identifier(KEYRING, "hkid", [HKID]) == {HKID: None}
        keys = conn.execute(
            "select subject, wrapped is null, erased_at from registers.subject_keys"
            " order by subject"
        ).fetchall()
        assert keys == [("chan", True, noon(10)), ("li", False, None)]
        rest = conn.execute(
            "select count(*) from registers.parties where party = 'chan' and blind_index is null"
        ).fetchone()
        assert rest == (2,)
        assert list(journal.verify(conn)) == []


def test_a_person_entered_again_after_erasure_gets_a_new_key(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [CHAN], noon(1))
        erased(conn, "chan")
        assert load_rows(conn, [CHAN], noon(12)).new == {"party": 1}
        found = reveal(conn, KEYRING, ["chan"], institution_id=BANK, purpose="p", by="b",
                       at=noon(13), salts=salt)  # fmt: skip
        assert found["chan"] is not None
        assert conn.execute("select count(*) from registers.subject_keys").fetchone() == (2,)


def test_a_person_is_found_by_number_however_it_is_written(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [CHAN, LI, FIRM], noon(1))
        asked = register(conn, noon(2))
        assert asked.party_by_identifier(
            KEYRING, "hkid", ["A123456(3)", "a1234563", "G123456A"]
        ) == {
            "A123456(3)": "chan",
            "a1234563": "chan",
            "G123456A": None,
        }
        assert asked.party_by_identifier(KEYRING, "hkid", ["A123456(4)"]) == {"A123456(4)": None}
        credit_code = "91440300708461136T"
        assert asked.party_by_identifier(KEYRING, "uscc", [credit_code]) == {credit_code: "firm"}
        before = register(conn, noon(1, month=5))
        assert before.party_by_identifier(KEYRING, "hkid", [HKID]) == {HKID: None}


def test_a_number_given_up_no_longer_finds_the_party(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [CHAN], noon(1))
        corrected = CHAN | {"identifiers.hkid": "G123456(A)"}
        load_rows(conn, [corrected], noon(3))
        asked = register(conn, noon(4))
        assert asked.party_by_identifier(KEYRING, "hkid", [HKID, "G123456A"]) == {
            HKID: None,
            "G123456A": "chan",
        }
        past = register(conn, noon(2))
        assert past.party_by_identifier(KEYRING, "hkid", [HKID]) == {HKID: "chan"}


def test_a_persons_number_held_by_another_is_refused(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [CHAN], noon(1))
        with pytest.raises(Exception, match="`wong` and `chan` have the same hkid"):
            load_rows(conn, [CHAN | {"id": "wong"}], noon(2))


def test_the_same_person_again_adds_nothing_and_no_key(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [CHAN], noon(1))
        again = load_rows(conn, [CHAN], noon(2))
        assert (again.new, again.unchanged) == ({}, {"party": 1})
        assert conn.execute("select count(*) from registers.subject_keys").fetchone() == (1,)


def test_another_master_key_opens_nothing(database: Database) -> None:
    with database.transaction() as conn:
        load_rows(conn, [CHAN], noon(1))
        with pytest.raises(Environment, match="does not open"):
            read(conn, "chan", keyring=Keyring(bytes(32)))
    with pytest.raises(Environment, match="must have 32"):
        Keyring(b"short")


def test_a_sealed_name_that_was_changed_or_moved_is_not_read(database: Database) -> None:
    changes = [
        "update registers.parties set personal = personal || '\\x00'",
        "update registers.parties set personal = (select personal from registers.parties limit 1)",
    ]
    with database.transaction() as conn:
        load_rows(conn, [CHAN, CHAN | {"since": "2023-01-01", "name": "陈大明"}], noon(1))
    for change in changes:
        with database.transaction(rollback=True) as conn:
            conn.execute("alter table registers.parties disable trigger user")
            conn.execute(change.encode())
            with pytest.raises(BrokenIntegrity, match="R201"):
                read(conn, "chan")


def test_a_key_is_not_shown_when_it_is_printed() -> None:
    key = SubjectKey(UUID(int=7), b"thirty-two bytes of great secret")
    assert "secret" not in repr(key)
    assert "secret" not in repr(KEYRING)
