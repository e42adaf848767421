"""Reconciliation: rules in order, one to one, every line explained, and it always adds up."""

from collections import Counter
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.books import BANK, Books, chain, named
from ledger.files import load, row
from qianhai.kernel import BadInput, Place, derived_id
from qianhai.ledger import Reconciled, Side, reconcile_account
from qianhai.ledger.reconcile import (
    Line,
    Reconciliation,
    Rule,
    Unmatched,
    Why,
    reconcile,
    subsets,
)

DAY = date(2023, 6, 15)


def here(name: int, amount: int, day: int = 0, *references: str) -> Line:
    return Line(Side.HERE, name, amount, DAY + timedelta(days=day), frozenset(references))


def there(name: int, amount: int, day: int = 0, *references: str) -> Line:
    return Line(Side.THERE, name, amount, DAY + timedelta(days=day), frozenset(references))


def matched(found: Reconciliation) -> list[tuple[Rule, list[int], list[int]]]:
    return [
        (one.rule, [line.name for line in one.here], [line.name for line in one.there])
        for one in found.matches
    ]


def left(found: Reconciliation) -> list[tuple[Side, int, Why, int]]:
    return [(one.line.side, one.line.name, one.why, one.count) for one in found.unmatched]


def run(ours: list[Line], theirs: list[Line], near: int = 3) -> Reconciliation:
    return reconcile(ours, theirs, near_days=near, opening=1_000)


def test_a_reference_matches_before_anything_else() -> None:
    found = run(
        [here(1, 500), here(2, 500, 0, "a"), here(3, 70, 0, "b"), here(4, 30, 0, "b")],
        [there(2, 500, 9, "a"), there(3, 100, 0, "b"), there(4, 500)],
    )
    assert matched(found) == [
        (Rule.REFERENCE, [2], [2]), (Rule.REFERENCE, [3, 4], [3]), (Rule.EXACT, [1], [4]),
    ]  # fmt: skip
    assert found.is_complete


def test_lines_of_one_reference_are_paired_by_amount_and_the_rest_differs() -> None:
    found = run(
        [here(1, 10, 0, "a"), here(2, 20, 0, "a"), here(3, 25, 0, "x")],
        [there(2, 20, 0, "a"), there(3, 15, 0, "a"), there(4, 25, 0, "y")],
    )
    assert matched(found) == [(Rule.REFERENCE, [2], [2]), (Rule.EXACT, [3], [4])]
    assert left(found) == [
        (Side.HERE, 1, Why.AMOUNT_DIFFERS, 5), (Side.THERE, 3, Why.AMOUNT_DIFFERS, 5),
    ]  # fmt: skip
    assert found.unmatched[0].text(2) == (
        "amount differs by 0.05 from line 3 (same reference)",
        "与 line 3 编号相同，金额相差 0.05",
    )


def test_a_reference_used_twice_on_one_side_matches_once() -> None:
    found = run([here(1, 10, 0, "a", "b")], [there(2, 10, 0, "a"), there(3, 10, 0, "b")])
    assert matched(found) == [(Rule.REFERENCE, [1], [2])]
    assert left(found) == [(Side.THERE, 3, Why.MISSING, 0)]


def test_near_days_match_in_rounds_and_only_what_is_unique() -> None:
    ours = [here(1, 5, 0), here(2, 5, 4), here(3, 9, 0)]
    theirs = [there(2, 5, 2), there(3, 5, 6), there(4, 9, 4)]
    found = run(ours, theirs)
    # The statement's second is only near ours of day 4; then the first has only one left.
    assert matched(found) == [(Rule.NEAR, [2], [3]), (Rule.NEAR, [1], [2])] or matched(found) == []
    assert (Side.THERE, 4, Why.DATE_DIFFERS, 4) in left(found)
    same = run([here(1, 5), here(2, 5)], [there(2, 5), there(3, 5)])
    assert left(same) == [
        (side, name, Why.AMBIGUOUS, 2)
        for side, name in [(Side.HERE, 1), (Side.HERE, 2), (Side.THERE, 2), (Side.THERE, 3)]
    ]
    assert same.unmatched[0].text(2) == (
        "ambiguous among 2 candidates: line 2, line 3",
        "有 2 个候选，无法确定：line 2, line 3",
    )


def test_sums_match_both_ways_round() -> None:
    found = run(
        [here(1, 30), here(2, 40), here(3, 1), here(4, -90), here(5, -7)],
        [there(2, 70), there(3, -50), there(4, -40)],
    )
    assert matched(found) == [(Rule.SUM, [1, 2], [2]), (Rule.SUM, [4], [4, 3])]
    assert left(found) == [(Side.HERE, 3, Why.MISSING, 0), (Side.HERE, 5, Why.MISSING, 0)]


def test_a_sum_of_several_kinds_or_among_too_many_is_not_guessed() -> None:
    found = run([here(1, 30), here(2, 40), here(3, 60), here(4, 10)], [there(2, 70)])
    assert left(found)[-1] == (Side.THERE, 2, Why.AMBIGUOUS_SUM, 0)
    many = run([here(n, 2 * n) for n in range(1, 23)], [there(2, 1001)])
    assert left(many)[-1] == (Side.THERE, 2, Why.TOO_MANY, 22)
    for one in (found.unmatched[-1], many.unmatched[-1]):
        assert all(one.text(2))


def test_what_is_missing_is_said_of_its_side() -> None:
    found = run([here(1, 5)], [there(2, 6)])
    assert [one.text(2) for one in found.unmatched] == [
        (
            "missing there: no line of the statement comes near it",
            "对方缺失：没有与其相近的对账单行",
        ),
        ("missing here: no transfer of this account comes near it", "我方缺失：没有与其相近的转账"),
    ]
    far = run([here(1, 5, 0)], [there(2, 5, 9), there(3, 4, 0)])
    assert far.unmatched[0].text(2) == (
        "date differs by 9 days from line 2 (same amount)",
        "与 line 2 金额相同，起息日相差 9 天",
    )
    named_many = Unmatched(here(1, 5), Why.AMBIGUOUS, tuple(there(n, 5) for n in range(6)), 9)
    assert named_many.text(0)[0].endswith("line 4, …")


def test_ours_outside_the_days_of_the_statement_count_only_when_matched() -> None:
    found = run([here(1, 5, -1), here(2, 8, -2), here(3, 3, 0)], [there(2, 5), there(3, 3)])
    totals = found.totals
    assert (found.is_complete, totals.timing, totals.difference) == (True, 5, 5)
    assert (totals.closing_here, totals.closing_there) == (1_003, 1_008)


days = st.integers(0, 6)
amounts = st.integers(-6, 6).filter(bool)
references = st.sets(st.sampled_from("abcd"), max_size=2).map(sorted)
sides = st.lists(st.tuples(amounts, days, references), max_size=12)


@settings(max_examples=300, deadline=None)
@given(sides, sides.filter(bool), st.integers(0, 3))
def test_it_always_adds_up(
    ours: list[tuple[int, int, list[str]]], theirs: list[tuple[int, int, list[str]]], near: int
) -> None:
    mine = [here(n, a, d, *r) for n, (a, d, r) in enumerate(ours)]
    other = [there(n, a, d, *r) for n, (a, d, r) in enumerate(theirs)]
    found = reconcile(mine, other, near_days=near, opening=77)
    totals = found.totals
    in_days = [one for one in mine if totals.first <= one.value_on <= totals.last]
    assert totals.closing_here == 77 + sum(one.amount for one in in_days)
    assert totals.closing_there == 77 + sum(one.amount for one in other)
    assert totals.difference == totals.unmatched_there - totals.unmatched_here + totals.timing
    for match in found.matches:
        assert sum(one.amount for one in match.here) == sum(one.amount for one in match.there)
        assert match.here
        assert match.there
    seen = Counter(
        [line for match in found.matches for line in (*match.here, *match.there)]
        + [one.line for one in found.unmatched]
    )
    assert max(seen.values()) == 1
    assert set(other) | set(in_days) <= set(seen) <= set(other) | set(mine)
    assert reconcile(mine[::-1], other[::-1], near_days=near, opening=77) == found
    for one in found.unmatched:
        assert all(one.text(2))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 9), max_size=9), st.integers(1, 30))
def test_subsets_are_those_of_a_search_through_all(numbers: list[int], total: int) -> None:
    every = [
        places
        for size in range(2, len(numbers) + 1)
        for places in combinations(range(len(numbers)), size)
        if sum(numbers[place] for place in places) == total
    ]
    found = subsets(total, numbers)
    assert len(found) == min(2, len(every))
    assert set(found) <= set(every)


# Against a real account.


@pytest.fixture
def june(books: Books, tmp_path: Path) -> Books:
    books.one(chain("open"))
    path = tmp_path / "june.csv"
    rows = [
        row("before", value_on="2023-06-01", amount="100.00"),
        row("a", value_on="2023-06-15"),
        row("b", value_on="2023-06-16", amount="2.00"),
        row("c", value_on="2023-06-16", debit="bob", credit="nostro", amount="0.50"),
        row("after", value_on="2023-07-30", amount="9.00"),
    ]
    names = list(rows[0])
    path.write_text(
        "\n".join([",".join(names), *(",".join(one[n] for n in names) for one in rows)])
    )
    load(books, path)
    return books


def held_against(books: Books, *rows: dict[str, str], account: str = "bob") -> Reconciled:
    given_ = [(Place("s.csv", line), one) for line, one in enumerate(rows, 2)]
    with books.database.transaction() as conn:
        return reconcile_account(
            conn,
            BANK,
            account,
            given_,
            near_days=3,
            also_named=lambda reference: str(derived_id("test", reference)),
        )


def test_an_account_is_held_against_a_statement(june: Books) -> None:
    with june.database.transaction() as conn:
        transfer = conn.execute(
            "select id from ledger.transfers where chain_id = %s", (named("c"),)
        ).fetchone()
    assert transfer
    found = held_against(
        june,
        {"reference": str(named("a")).upper(), "amount": "1.00", "value_on": "2023-06-15"},
        {"reference": "b", "amount": "2.00", "value_on": "2023-06-17", "text": "of 前海"},
        {"reference": str(transfer[0]), "amount": "-0.50", "value_on": "2023-06-16"},
    )
    assert (found.asset, found.scale, found.result.is_complete) == ("CNY", 2, True)
    assert {one.rule for one in found.result.matches} == {Rule.REFERENCE}
    assert found.result.matches[1].there[0].shown in {"b · of 前海", str(named("a")).upper()}
    totals = found.result.totals
    assert (totals.opening, totals.closing_here, totals.difference) == (10_000, 10_250, 0)


def test_a_statement_may_begin_and_end_with_the_calendar(june: Books) -> None:
    found = held_against(
        june,
        {"amount": "1.00", "value_on": "0001-01-01"},
        {"amount": "1.00", "value_on": "9999-12-31"},
    )
    assert found.result.totals.opening == 0
    assert len(found.result.unmatched) == 2 + 5


def test_rows_that_cannot_be_read_are_all_told(june: Books) -> None:
    with pytest.raises(BadInput) as told:
        held_against(
            june,
            {"amount": "1,00", "value_on": "15.06.2023"},
            {"reference": "x"},
            {"amount": "0.001", "value_on": "2023-06-15"},
        )
    found = [(one.code, one.place.line, one.place.column) for one in told.value.flaws]
    assert found == [
        ("L222", 2, "amount"), ("L221", 2, "value_on"),
        ("L401", 3, "amount"), ("L401", 3, "value_on"),
        ("L222", 4, "amount"),
    ]  # fmt: skip
    with pytest.raises(BadInput, match="L402"):
        held_against(june, {"amount": "1.00", "value_on": "2023-06-15"}, account="nobody")
