"""A limit is an account: draws keep to the cap they carry, pools fill in order."""

from datetime import date

import pytest

from ledger.books import (
    ALICE,
    GROUP,
    LOAN,
    Books,
    chain,
    draw,
    named,
    pay,
    release,
)
from qianhai.ledger import (
    Draw,
    Kind,
    Leg,
    Result,
    Window,
    find_chain,
    limit_account,
    statement,
    used,
)
from qianhai.ledger.model import INT64_MAX, INT64_MIN


def test_a_draw_takes_a_limit_to_its_last_cent_and_not_beyond(books: Books) -> None:
    assert books.one(chain("a", draw(300, 500))).is_posted
    refused = chain("b", draw(201, 500))
    result = books.one(refused)
    assert (result.result, result.failed_leg) == (Result.LIMIT_PASSED, 0)
    assert result.draws(refused) == (Draw("limit:loan", 500, 300, 201, 0),)
    assert result.draws(refused)[0].left == 200
    last = chain("c", draw(200, 500))
    assert books.one(last).draws(last)[0].left == 0
    assert books.flaws() == []


def test_the_cap_last_drawn_under_is_kept_on_the_account(books: Books) -> None:
    books.one(chain("a", draw(300, 500)))
    books.one(chain("b", draw(300, 500)))
    assert books.balance(LOAN).cap_seen == 500
    books.one(chain("c", draw(1, 400)))
    assert books.balance(LOAN).cap_seen == 400


def test_a_cap_below_the_use_stops_new_draws_and_never_a_release(books: Books) -> None:
    books.one(chain("a", draw(300, 500)))
    lower = chain("b", draw(1, 200))
    result = books.one(lower)
    assert result.result is Result.LIMIT_PASSED
    assert result.draws(lower)[0].left == 0
    assert books.one(chain("c", release(50))).is_posted
    assert books.balance(LOAN).used == 250
    assert books.one(chain("d", draw(1, 200))).result is Result.LIMIT_PASSED
    assert books.one(chain("e", release(60))).is_posted
    assert books.one(chain("f", draw(10, 200))).is_posted
    assert books.flaws() == []


def test_an_account_over_the_cap_it_last_saw_says_so(books: Books) -> None:
    books.one(chain("a", draw(300, 500)))
    assert not books.balance(LOAN).is_over_cap
    books.one(chain("b", Leg("quota source", "limit:loan", 900)))
    assert books.balance(LOAN).is_over_cap


def test_a_limit_refuses_the_money_with_it(books: Books) -> None:
    result = books.one(chain("a", pay(600), draw(600, 500)))
    assert (result.result, result.failed_leg) == (Result.LIMIT_PASSED, 1)
    assert books.balance(ALICE).balance == 0


def test_what_a_hold_sets_aside_counts_as_used(books: Books) -> None:
    books.one(chain("a", draw(300, 500), kind=Kind.HOLD))
    assert books.balance(LOAN).used == 300
    assert books.one(chain("b", draw(201, 500))).result is Result.LIMIT_PASSED
    assert books.one(chain("c", draw(200, 500))).is_posted


def test_a_pool_fills_its_own_quota_first_and_then_the_groups(books: Books) -> None:
    def asked(name: str, amount: int) -> tuple[Result, tuple[int, ...]]:
        own, group = draw(amount, 500, spills=True), draw(0, 1000, GROUP)
        result = books.one(chain(name, own, group))
        return result.result, result.amounts

    assert asked("a", 400) == (Result.POSTED, (400, 0))
    assert asked("b", 300) == (Result.POSTED, (100, 200))
    assert asked("c", 700) == (Result.POSTED, (0, 700))
    assert asked("d", 101) == (Result.LIMIT_PASSED, (0, 0))
    assert asked("e", 100) == (Result.POSTED, (0, 100))
    with books.database.transaction() as conn:
        names = ["limit:loan", "limit:group", "never drawn"]
        assert used(conn, "bank-1", names) == {
            "limit:loan": 500,
            "limit:group": 1000,
            "never drawn": 0,
        }
        written = conn.execute(
            "select count(*), count(*) filter (where amount <> 0) from ledger.transfers"
        ).fetchone()
        seen = [each.amount for each in statement(conn, "bank-1", "limit:group")]
        stored = find_chain(conn, "bank-1", named("c"))
    assert written == (8, 5)
    assert seen == [200, 700, 100]
    assert stored is not None
    assert stored.result.amounts == (0, 700)
    assert [(each.leg, each.amount) for each in stored.transfers] == [(1, 700)]
    assert books.flaws() == []


def test_a_refused_pool_tells_what_each_of_its_limits_had_left(books: Books) -> None:
    asked = chain("a", draw(1600, 500, spills=True), draw(0, 1000, GROUP))
    assert books.one(asked).draws(asked) == (
        Draw("limit:loan", 500, 0, 1600, 0),
        Draw("limit:group", 1000, 0, 1100, 0),
    )


def test_a_later_leg_of_a_pool_may_ask_for_itself_too(books: Books) -> None:
    result = books.one(chain("a", draw(600, 500, spills=True), draw(50, 1000, GROUP)))
    assert result.amounts == (500, 150)


def test_a_pool_that_asks_for_nothing_is_refused(books: Books) -> None:
    result = books.one(chain("a", draw(0, 500, spills=True), draw(0, 1000, GROUP)))
    assert (result.result, result.failed_leg) == (Result.AMOUNT_NOT_POSITIVE, 0)


def test_a_pool_whose_first_cap_fell_below_its_use_takes_all_from_the_next(books: Books) -> None:
    books.one(chain("a", draw(300, 500)))
    result = books.one(chain("b", draw(100, 200, spills=True), draw(0, 1000, GROUP)))
    assert result.amounts == (0, 100)
    assert books.balance(LOAN).cap_seen == 500


def test_two_pools_stand_in_one_chain(books: Books) -> None:
    result = books.one(
        chain(
            "a",
            draw(600, 500, spills=True),
            draw(0, 200, GROUP),
            pay(70),
            draw(50, 500, spills=True),
            draw(0, 200, GROUP),
        )
    )
    assert result.amounts == (500, 100, 70, 0, 50)
    assert books.flaws() == []


def test_a_spill_that_passes_64_bits_is_an_overflow(books: Books) -> None:
    result = books.one(
        chain("a", draw(INT64_MAX, 0, spills=True), Leg("quota source", "limit:group", INT64_MAX))
    )
    assert (result.result, result.failed_leg) == (Result.OVERFLOW, 1)


@pytest.mark.parametrize("cap", [INT64_MAX, INT64_MAX + 1, 10**30])
def test_a_cap_beyond_64_bits_caps_like_the_largest(books: Books, cap: int) -> None:
    assert books.one(chain("a", draw(INT64_MAX, cap))).is_posted
    assert books.one(chain("b", draw(1, cap))).result is Result.OVERFLOW


@pytest.mark.parametrize("cap", [0, -1, INT64_MIN, INT64_MIN - 1])
def test_a_cap_of_nothing_or_less_takes_nothing(books: Books, cap: int) -> None:
    assert books.one(chain("a", draw(1, cap))).result is Result.LIMIT_PASSED
    assert books.one(chain("b", draw(1, cap, spills=True), draw(0, 9, GROUP))).amounts == (0, 1)


def test_a_limit_released_below_nothing_has_room_that_cannot_overflow(books: Books) -> None:
    books.one(chain("a", pay(10)))
    below = Leg("bob", "nostro", INT64_MAX, cap=INT64_MAX, spills=True)
    result = books.one(chain("b", below, Leg("bob", "alice", 0)))
    assert (result.result, result.failed_leg) == (Result.FLOOR_PASSED, 0)
    assert result.before[0] == (0, -10)


def test_a_day_a_year_and_a_life_have_their_own_accounts() -> None:
    def name(window: Window, on: date) -> str:
        return limit_account("transfer", "party-7", window, on, "quota.USD")

    first, second, next_year = date(2022, 12, 30), date(2022, 12, 31), date(2023, 1, 1)
    assert len({name(Window.DAY, on) for on in (first, second, next_year)}) == 3
    assert name(Window.YEAR, first) == name(Window.YEAR, second) != name(Window.YEAR, next_year)
    assert name(Window.LIFETIME, first) == name(Window.LIFETIME, next_year)
    assert len({name(window, first) for window in Window}) == len(Window)


def test_no_two_limits_share_a_name() -> None:
    parts = [("a:b", "c"), ("a", "b:c"), ("a%3Ab", "c"), ("a", "b%3Ac")]
    names = {limit_account(*each, Window.YEAR, date(2023, 1, 1), "CNY") for each in parts}
    assert len(names) == len(parts)
