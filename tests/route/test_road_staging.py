"""A file is proven whole: every mistake named at once, with its place, in both languages."""

import re
from collections.abc import Callable, Iterable, Mapping

import pytest

from qianhai.db import Connection
from qianhai.instructions import Staged, Stager
from qianhai.instructions import flaws as say
from qianhai.kernel import Flaw, Place
from qianhai.messages import Row
from qianhai.registers import Keyring
from route.desk import Desk
from route.resale import open_shop
from route.umbrella import balance, keep

GOOD: Mapping[str, str] = {
    "id": "n1",
    "facility": "umbrella_storage",
    "action": "keep",
    "value_date": "2025-06-30",
    "keeper": "firm",
    "parent": "group",
    "bank": "bank-1",
    "fee.amount": "10.00",
    "fee.currency": "CNY",
    "is_dry": "true",
}


@pytest.fixture(autouse=True)
def _shop(desk: Desk) -> None:
    open_shop(desk)


def rows(*changes: Mapping[str, str | None]) -> list[Row]:
    """Rows of one file, each the good one with some cells changed or left empty."""
    return [
        Row(
            Place("day.csv", line),
            {name: text for name, text in {**GOOD, **change}.items() if text is not None},
        )
        for line, change in enumerate(changes, 2)
    ]


def stager(desk: Desk, conn: Connection) -> Stager:
    return Stager(desk.road.policy, conn, "local", Keyring(bytes(32)), desk.now())


def stage(desk: Desk, lines: Iterable[Row | Flaw]) -> tuple[list[Flaw], int]:
    """Stage rows; return the flaws, and how many instructions were proven."""
    told: list[int] = []
    with desk.database.transaction() as conn, Staged(desk.road.policy, "local") as staged:
        one = stager(desk, conn)
        one.stage(lines, staged, told.append)
        return one.flaws, staged.count


def counts(desk: Desk) -> dict[str, int]:
    with desk.database.transaction() as conn:
        tables = conn.execute(
            "select schemaname || '.' || relname from pg_stat_user_tables order by 1"
        ).fetchall()
        found = {}
        for (name,) in tables:
            row = conn.execute(f"select count(*) from {name}".encode()).fetchone()  # noqa: S608 - names of the catalogue
            found[name] = row[0] if row else 0
    return found


ONE_EACH: list[tuple[str, Mapping[str, str | None], str, str]] = [
    ("I001", {"id": None}, "id", ""),
    ("I001", {"id": "n" * 65}, "id", "n" * 65),
    ("I001", {"id": "n\t1"}, "id", "n\t1"),
    ("I002", {"value_date": "30/06/2025"}, "value_date", "30/06/2025"),
    ("I002", {"value_date": None}, "value_date", ""),
    ("I003", {"facility": "umbrela_storage"}, "facility", "umbrela_storage"),
    ("I003", {"action": "kep"}, "action", "kep"),
    ("I004", {"colour": "red"}, "colour", "red"),
    ("I005", {"fee_open": "1.00"}, "fee_open", "1.00"),
    ("I005", {"keeper.shed.amount": "1.00"}, "keeper.shed.amount", "1.00"),
    ("I006", {"keeper": "frm"}, "keeper", "frm"),
    ("I007", {"keeper": "bank-1"}, "keeper", "bank-1"),
    ("I008", {"keeper.account": "12"}, "keeper.account", "12"),
    ("I009", {"keeper.account": "7200001"}, "keeper.account", "7200001"),
    ("I012", {"of": "nowhere", "action": "give_back"}, "of", "nowhere"),
    ("I004", {"fee.amounts": "1.00"}, "fee.amounts", "1.00"),
    ("F003", {"fee.currency": "CNH"}, "fee.currency", "CNH"),
    ("F003", {"is_dry": "yes"}, "is_dry", "yes"),
    ("F005", {"fee.amount": "1.001"}, "fee.amount", "1.001"),
]


@pytest.mark.parametrize(("code", "change", "column", "value"), ONE_EACH)
def test_each_mistake_is_named_with_its_place_and_what_to_do(
    desk: Desk, code: str, change: Mapping[str, str | None], column: str, value: str
) -> None:
    before = counts(desk)
    flaws, _ = stage(desk, rows({}, {"id": "n2", **change}))
    assert [flaw.code for flaw in flaws] == [code], flaws
    (flaw,) = flaws
    assert (flaw.place, flaw.value) == (Place("day.csv", 3, column), value)
    assert flaw.expected
    assert re.fullmatch(r"[^\u4e00-\u9fff]*[.]", flaw.en.replace(value or "\0", "")), flaw.en
    assert re.search(r"[\u4e00-\u9fff].*。$", flaw.zh), flaw.zh
    assert counts(desk) == before


def test_a_code_of_a_report_has_the_form_of_its_table(desk: Desk) -> None:
    flaws, _ = stage(desk, rows({"bop_code": "12101"}, {"id": "n2", "bop_code": "899999"}))
    (flaw,) = flaws
    assert (flaw.code, flaw.place, flaw.value) == ("I030", Place("day.csv", 2, "bop_code"), "12101")
    assert "six digits" in flaw.en
    assert "六位数字" in flaw.zh


def test_the_nearest_name_is_offered(desk: Desk) -> None:
    back = {"back.amount": "1.00", "id": "n3"}
    flaws, _ = stage(
        desk, rows({"facility": "umbrela_storage"}, {"id": "n2", "keeper": "frm"}, back)
    )
    assert "umbrella_storage" in flaws[0].en
    assert "umbrella_storage" in flaws[0].zh
    assert "`back`" in flaws[1].en, "of the columns a sender may give, the nearest"


def test_an_id_used_before_is_told_unless_its_content_is_the_same(desk: Desk) -> None:
    keep(desk, "n1", "10.00")
    assert stage(desk, rows({})) == ([], 1)
    flaws, proven = stage(desk, rows({"fee.amount": "10.01"}))
    assert ([flaw.code for flaw in flaws], proven) == (["I011"], 0)


def test_an_id_twice_in_a_file_is_told_unless_its_content_is_the_same(desk: Desk) -> None:
    assert stage(desk, rows({}, {})) == ([], 2)
    flaws, _ = stage(desk, rows({}, {"is_dry": "false"}))
    (flaw,) = flaws
    assert (flaw.code, flaw.place.line) == ("I010", 3)
    assert "day.csv:2" in flaw.en
    assert "day.csv:2" in flaw.zh


def test_everything_wrong_in_a_file_is_told_at_once(desk: Desk) -> None:
    reader = say.wrong_id(Place("day.csv", 9, "id"), "of the reader")
    wrong = {
        "id": "n2",
        "keeper": "nobody",
        "parent": "bank-1",
        "is_dry": "maybe",
        "fee.amount": "1.005",
        "colour": "red",
    }
    lines: list[Row | Flaw] = [
        reader,
        *rows(wrong, {"id": None, "is_dry": "maybe"}, {"value_date": "soon", "colour": "red"}),
    ]
    flaws, proven = stage(desk, lines)
    found = sorted((flaw.place.line or 0, flaw.place.column, flaw.code) for flaw in flaws)
    assert found == [
        (2, "colour", "I004"),
        (2, "fee.amount", "F005"),
        (2, "is_dry", "F003"),
        (2, "keeper", "I006"),
        (2, "parent", "I007"),
        (3, "id", "I001"),
        (3, "is_dry", "F003"),
        (4, "colour", "I004"),
        (4, "value_date", "I002"),
        (9, "id", "I001"),
    ]
    assert proven == 0


def test_who_continues_a_line_that_is_wrong_is_not_told_that_it_is_unknown(desk: Desk) -> None:
    later = {"id": "n2", "action": "give_back", "of": "n1", "back": "1.00"}
    cells = {name: None for name in GOOD if name.startswith(("fee", "is_", "keeper", "parent"))}
    flaws, _ = stage(desk, rows({"value_date": "soon"}, {**cells, **later}))
    assert [flaw.code for flaw in flaws] == ["I002"]


def test_what_was_proven_is_read_back_as_it_was_written(desk: Desk) -> None:
    parts = {"parts.0.name": '"handle"', "parts.0.price": "1.50", "parts.1.name": "stick"}
    sale = {
        "facility": "umbrella_resale",
        "action": "sell",
        "seller": "firm",
        "buyer": "group",
        "buyer.account": "7200002",
        "price.amount": "5.00",
        "price.currency": "CNY",
        "receipt": '"r"',
        "is_wet": "false",
        "dry_days": "3",
        "ended_on": "2025-07-01",
    }
    kept = {name: None for name in GOOD if name.startswith(("fee", "is_dry", "keeper", "parent"))}
    with desk.database.transaction() as conn, Staged(desk.road.policy, "local") as staged:
        one = stager(desk, conn)
        lines = rows({}, {"id": "n2", **kept, **sale, **parts}, {"id": "g", "facility": None})
        one.stage(lines, staged, lambda _count: None)
        assert one.flaws == []
        first, second, third = list(staged)
        assert list(staged)[1].content_hash == second.content_hash, "it can be read again"
    assert (
        first.content_hash
        == desk.instruction(
            "n1",
            "umbrella_storage",
            "keep",
            {"keeper": "firm", "parent": "group", "bank": "bank-1"},
            {"fee.amount": "10.00", "fee.currency": "CNY", "is_dry": "true"},
        ).content_hash
    )
    assert second.facts["receipt"] == '"r"'
    assert second.facts["parts"][0]["name"] == '"handle"'  # type: ignore[index]
    assert (second.accounts, second.place.line) == ({"buyer": "7200002"}, 3)
    assert (third.facility, third.action, third.parties) == ("", "", {})
    assert desk.road.submit(first, at=desk.now()).ledger_seq is not None
    assert balance(desk, "account:bank-1:6200001") == 9000


def message(number: str, **parts: str) -> Row:
    fields = {
        "id": number,
        "facility": "umbrella_resale",
        "value_date": "2025-06-30",
        "iso.instructed_amount.amount": "5.00",
        "iso.instructed_amount.currency": "CNY",
        "iso.purpose.code": "GDDS",
    }
    return Row(
        Place("day.xml", 7),
        fields | {f"iso.{name.replace('__', '.')}": text for name, text in parts.items()},
    )


def test_a_messages_parties_are_found_by_id_account_or_number(desk: Desk) -> None:
    desk.register(
        {
            "kind": "party",
            "id": "maker",
            "type": "enterprise",
            "jurisdiction": "CN",
            "name": "某厂",
            "identifiers.uscc": "91110108551385082Q",
        }
    )
    lines = [
        message("m1", debtor__id="firm", creditor__account="7200001"),
        message("m2", debtor__id="91110108551385082Q", creditor__id="group"),
        message("m3", debtor__id="nobody", creditor__id="group", creditor__account="6200001"),
    ]
    with desk.database.transaction() as conn, Staged(desk.road.policy, "local") as staged:
        one = stager(desk, conn)
        one.stage(lines, staged, lambda _count: None)
        assert one.flaws == []
        found = [(dict(each.parties), dict(each.accounts)) for each in staged]
    assert found == [
        ({"seller": "firm", "buyer": "group"}, {"buyer": "7200001"}),
        ({"seller": "maker", "buyer": "group"}, {}),
        ({"buyer": "group"}, {}),
    ]


def test_without_a_register_the_rest_is_still_proven(desk: Desk) -> None:
    with desk.database.transaction() as conn, Staged(desk.road.policy, "local") as staged:
        one = stager(desk, conn)
        one.has_register = False
        one.stage(rows({"keeper": "nobody", "is_dry": "maybe"}), staged, lambda _count: None)
        assert [flaw.code for flaw in one.flaws] == ["F003"]


def test_every_flaw_of_the_road_is_told_in_both_languages() -> None:
    at = Place("day.csv", 2, "id")
    told: dict[str, Callable[[], Flaw]] = {
        "I001": lambda: say.wrong_id(at, ""),
        "I002": lambda: say.wrong_day(at, ""),
        "I003": lambda: say.unknown_word(at, "action", "操作", "x", ["y"]),
        "I004": lambda: say.unknown_column(at, "x", "", "f", ["y"]),
        "I006": lambda: say.unknown_party(at, "x", ["y"]),
        "I007": lambda: say.wrong_kind(at, "p", "bank", ["fund"]),
        "I008": lambda: say.unknown_account(at, "1"),
        "I009": lambda: say.others_account(at, "1", "p"),
        "I010": lambda: say.twice_in_file(at, "x", at),
        "I011": lambda: say.used_before(at, "x"),
        "I012": lambda: say.continues_unknown(at, "x", ["y"]),
        **{
            f"I005 {knower}": lambda knower=knower: say.known_elsewhere(at, "x", "", knower)  # type: ignore[misc]
            for knower in ("register", "ledger", "calendar", "")
        },
    }
    for code, tell in told.items():
        flaw = tell()
        assert flaw.code == code.split()[0]
        assert flaw.en.endswith((".", "`.", "?"))
        assert flaw.zh.endswith("。")
