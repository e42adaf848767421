"""What is used and left is what the ledger says, on the day asked, for whoever may see it."""

import csv
import io
from decimal import Decimal

import pytest

from qianhai import ledger
from qianhai.identity import Role
from qianhai.ledger import LimitUse
from web.served import INSTITUTION, Served


@pytest.fixture(scope="module")
def drawn(booked: Served) -> LimitUse:
    """A limit that the sample day drew on."""
    with booked.house.database.transaction() as conn:
        found = ledger.limits_used(conn, INSTITUTION)
        kinds = conn.execute(
            "select party from registers.parties where type <> 'person'"
        ).fetchall()
    organisations = {row[0] for row in kinds}
    return next(one for one in found if one.used > 0 and one.holder in organisations)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_a_party_is_found_and_its_limits_say_what_is_left(booked: Served, drawn: LimitUse) -> None:
    client = booked.signed_in(booked.person(Role.BANK_OFFICER))
    assert drawn.holder in client.get("/limits", params={"q": drawn.holder}).text
    assert "No party on the register fits" in client.get("/limits?q=nobody-at-all&lang=en").text
    address = f"/limits/parties/{drawn.holder}"
    assert client.get(address).status_code == 200
    shown = rows(client.get(f"{address}?format=csv&on=2025-06-30").text)
    with booked.house.database.transaction() as conn:
        before = ledger.balance_as_of(conn, INSTITUTION, drawn.name, 0).used
    mine = next(one for one in shown if one["account"] == drawn.name)
    assert before == 0
    assert Decimal(mine["used"] or 0) == 0, "nothing was posted by the end of that day"
    booked_day = rows(client.get(f"{address}?format=csv").text)
    used = {one["account"]: one["used"] for one in booked_day}
    if drawn.name in used:
        assert Decimal(used[drawn.name]) == Decimal(drawn.used).scaleb(-drawn.scale)


def test_an_account_tells_who_drew_and_what_it_comes_to(booked: Served, drawn: LimitUse) -> None:
    client = booked.signed_in(booked.person(Role.AUDITOR))
    page = client.get("/limits/account", params={"name": drawn.name})
    assert page.status_code == 200
    query = {"name": drawn.name, "format": "csv"}
    lines = rows(client.get("/limits/account", params=query).text)
    assert Decimal(lines[-1]["balance"]) == Decimal(drawn.used).scaleb(-drawn.scale)
    number = lines[0]["instruction"]
    assert number, "a draw names its instruction"
    assert f"/journal/decisions/{number}" in page.text
    assert client.get("/limits/account?name=no:such").status_code == 404
    empty = client.get(
        "/limits/account", params={"name": drawn.name, "on": "2020-01-01", "lang": "en"}
    )
    assert "Nothing moved this account" in empty.text


def test_a_statement_goes_on_where_its_page_ended(booked: Served) -> None:
    with booked.house.database.transaction() as conn:
        row = conn.execute(
            "select account, count(*) from ledger.statements group by 1 order by 2 desc limit 1"
        ).fetchone()
    assert row
    client = booked.signed_in(booked.person(Role.BANK_OFFICER))
    query = {"name": row[0], "lang": "en"}
    numbers = [
        one["seq"]
        for one in rows(client.get("/limits/account", params={**query, "format": "csv"}).text)
    ]
    assert len(numbers) == row[1]
    assert numbers == sorted(numbers, key=int)
    following = client.get("/limits/account", params={**query, "after": numbers[0]}).text
    assert f'<td class="figure">{int(numbers[1]):,}</td>' in following
    assert f'<td class="figure">{int(numbers[0]):,}</td>' not in following


def test_flows_add_up_to_the_ledger(booked: Served) -> None:
    client = booked.signed_in(booked.person(Role.SUPERVISOR))
    query = {"since": "2000-01-01", "until": "2030-01-01", "asset": "CNY", "format": "csv"}
    with booked.house.database.transaction() as conn:
        row = conn.execute(
            "select sum(t.amount) from ledger.transfers t join ledger.accounts a"
            " on a.id = t.debit_account_id join ledger.assets s on s.id = a.asset_id"
            " where s.code = 'CNY'"
        ).fetchone()
    assert row
    for by in ("kind", "holder"):
        lines = rows(client.get("/limits/flows", params={**query, "by": by}).text)
        assert sum(Decimal(one["amount"]) for one in lines) == Decimal(row[0]).scaleb(-2)
    assert 'data-chart="sankey"' in client.get("/limits/flows?since=2000-01-01").text
    assert client.get("/limits/flows?since=yesterday").status_code == 400


def test_a_party_sees_its_own_and_nobody_elses(booked: Served, drawn: LimitUse) -> None:
    own = booked.signed_in(booked.user(Role.PARTY, party=drawn.holder))
    assert own.get("/limits").headers["location"] == f"/limits/parties/{drawn.holder}"
    assert own.get(f"/limits/parties/{drawn.holder}").status_code == 200
    assert drawn.name in own.get(f"/limits/parties/{drawn.holder}/accounts").text
    assert own.get("/limits/account", params={"name": drawn.name}).status_code == 200
    other = booked.signed_in(booked.user(Role.PARTY, party="qianhai_bay_bank"))
    for address in ("", "/accounts"):
        assert other.get(f"/limits/parties/{drawn.holder}{address}").status_code == 404
    assert other.get("/limits/account", params={"name": drawn.name}).status_code == 404
    assert other.get("/limits/over-cap").status_code == 403


def test_a_view_of_a_persons_limits_is_on_record(booked: Served) -> None:
    with booked.house.database.transaction() as conn:
        row = conn.execute("select party from registers.parties where type = 'person'").fetchone()
    assert row
    user = booked.person(Role.BANK_OFFICER)
    assert booked.signed_in(user).get(f"/limits/parties/{row[0]}").status_code == 200
    with booked.house.database.transaction() as conn:
        found = conn.execute(
            "select purpose, subjects from registers.accesses where read_by = %s", (user.name,)
        ).fetchall()
    assert ("limits", [row[0]]) in found


def test_a_limit_over_its_cap_is_listed(booked: Served) -> None:
    client = booked.signed_in(booked.person(Role.BANK_OFFICER))
    assert "No limit is over its cap" in client.get("/limits/over-cap?lang=en").text
    assert client.get("/limits/pools").status_code == 200
    assert rows(client.get("/limits/pools?format=csv").text)[0]["order"] == "1"
