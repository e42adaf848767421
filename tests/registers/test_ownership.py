from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from qianhai.registers.model import ShareRange
from qianhai.registers.ownership import Ownership, controls, funded_shares

F = Fraction
ALL = F(1)


def share_of(
    shares: dict[str, dict[str, Fraction]], party: str, *, others: frozenset[str] = frozenset()
) -> ShareRange:
    graph = Ownership(shares, others)
    sources = {"hk": True} | dict.fromkeys(others, False)
    return funded_shares(graph, [party], sources)[party]


def exactly(share: Fraction) -> ShareRange:
    return ShareRange(share, share)


def test_a_chain_multiplies_and_parallel_chains_add() -> None:
    shares = {
        "a": {"hk": F(1, 2), "cn": F(1, 2)},
        "b": {"hk": F(1, 4), "cn": F(3, 4)},
        "c": {"a": F(3, 5), "b": F(2, 5)},
    }
    others = frozenset({"cn"})
    assert share_of(shares, "c", others=others) == exactly(F(3, 10) + F(1, 10))


def test_a_cross_holding_is_solved_and_not_summed() -> None:
    shares = {
        "a": {"hk": F(3, 5), "b": F(2, 5)},
        "b": {"cn": F(1, 2), "a": F(1, 2)},
    }
    others = frozenset({"cn"})
    assert share_of(shares, "a", others=others) == exactly(F(3, 4))
    assert share_of(shares, "b", others=others) == exactly(F(3, 8))


def test_own_shares_held_in_treasury_belong_to_the_other_owners() -> None:
    shares = {"a": {"a": F(1, 5), "hk": F(4, 5)}}
    assert share_of(shares, "a") == exactly(ALL)


def test_a_closed_loop_without_an_outside_owner_is_unknown() -> None:
    shares = {"a": {"b": ALL}, "b": {"a": ALL}, "c": {"a": F(1, 2), "hk": F(1, 2)}}
    assert share_of(shares, "a") == ShareRange(F(0), ALL)
    assert share_of(shares, "a").known is None
    assert share_of(shares, "c") == ShareRange(F(1, 2), ALL)


def test_shares_nobody_recorded_make_a_range() -> None:
    shares = {"a": {"hk": F(1, 4)}, "b": {"a": F(1, 2), "hk": F(1, 2)}}
    assert share_of(shares, "a") == ShareRange(F(1, 4), ALL)
    assert share_of(shares, "b") == ShareRange(F(5, 8), ALL)
    assert share_of({}, "a") == ShareRange(F(0), ALL)


def test_a_share_is_exact_where_a_decimal_would_not_be() -> None:
    shares = {"a": {"hk": F(1, 3), "cn": F(2, 3)}, "b": {"a": F(1, 7), "cn": F(6, 7)}}
    assert share_of(shares, "b", others=frozenset({"cn"})) == exactly(F(1, 21))


def test_a_long_chain_and_a_wide_group_are_solved() -> None:
    chain = {f"c{n}": {f"c{n + 1}": ALL} for n in range(2_000)} | {"c2000": {"hk": ALL}}
    assert share_of(chain, "c0") == exactly(ALL)
    wide = {"c": {f"o{n}": F(1, 1_000) for n in range(1_000)}}
    owners = {f"o{n}": {"hk": F(1, 2), "c": F(1, 2)} for n in range(1_000)}
    assert share_of(wide | owners, "c") == exactly(ALL)


def test_a_holding_of_nothing_leads_nowhere() -> None:
    shares = {"a": {"a": ALL, "hk": F(0)}}
    assert share_of(shares, "a") == ShareRange(F(0), ALL)


NODES = ["a", "b", "c", "d"]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, dict[str, Fraction]]:
    """Small groups with loops; the parts of each company sum to the whole or to less."""
    shares: dict[str, dict[str, Fraction]] = {}
    for owned in NODES:
        parts = {owner: draw(st.integers(0, 4)) for owner in [*NODES, "hk", "cn", "unrecorded"]}
        total = sum(parts.values())
        shares[owned] = {
            owner: F(part, total) for owner, part in parts.items() if part and owner != "unrecorded"
        }
    return shares


@given(graphs())
def test_the_shares_found_satisfy_the_system_they_solve(
    shares: dict[str, dict[str, Fraction]],
) -> None:
    graph = Ownership(shares, frozenset({"cn"}))
    sources = {"hk": True, "cn": False}
    found = funded_shares(graph, [*NODES, "hk", "cn"], sources)
    for owned in NODES:
        low = sum((part * found[owner].low for owner, part in shares[owned].items()), F(0))
        high = sum((part * found[owner].high for owner, part in shares[owned].items()), F(0))
        in_closed_loop = found[owned] == ShareRange(F(0), F(1))
        assert in_closed_loop or found[owned] == ShareRange(low, high + graph.remainder(owned))
        assert 0 <= found[owned].low <= found[owned].high <= 1


@given(graphs())
def test_recording_the_rest_of_the_shares_stays_within_the_range_given_before(
    shares: dict[str, dict[str, Fraction]],
) -> None:
    graph = Ownership(shares, frozenset({"cn"}))
    sources = {"hk": True, "cn": False}
    before = funded_shares(graph, NODES, sources)
    for rest in ("hk", "cn"):
        completed = {
            owned: owners | {rest: owners.get(rest, F(0)) + graph.remainder(owned)}
            for owned, owners in shares.items()
        }
        after = funded_shares(Ownership(completed, graph.unowned), NODES, sources)
        for owned in NODES:
            assert before[owned].low <= after[owned].low
            assert after[owned].high <= before[owned].high


@given(graphs())
def test_control_said_for_certain_is_not_changed_by_more_records(
    shares: dict[str, dict[str, Fraction]],
) -> None:
    graph = Ownership(shares, frozenset({"cn", "hk"}))
    before = {owned: controls(graph, "a", owned) for owned in NODES}
    for rest in ("a", "cn"):
        completed = {
            owned: owners | {rest: owners.get(rest, F(0)) + graph.remainder(owned)}
            for owned, owners in shares.items()
        }
        after = Ownership(completed, graph.unowned)
        for owned in NODES:
            assert before[owned] is None or before[owned] == controls(after, "a", owned)


def test_control_needs_more_than_half() -> None:
    persons = frozenset({"q"})
    half = {"b": {"p": F(1, 2), "q": F(1, 2)}}
    assert controls(Ownership(half, persons), "p", "b") is False
    more = {"b": {"p": F(51, 100), "q": F(49, 100)}}
    assert controls(Ownership(more, persons), "p", "b") is True
    assert controls(Ownership(half, persons), "p", "p") is True


def test_control_goes_through_controlled_companies_only() -> None:
    shares = {
        "b": {"p": F(3, 5), "q": F(2, 5)},
        "c": {"b": F(3, 10), "p": F(3, 10), "q": F(2, 5)},
        "d": {"q": F(3, 5), "c": F(2, 5)},
    }
    graph = Ownership(shares, frozenset({"q"}))
    assert controls(graph, "p", "c") is True
    assert controls(graph, "p", "d") is False


def test_control_is_unknown_while_unrecorded_shares_could_give_it() -> None:
    assert controls(Ownership({"b": {"p": F(2, 5)}}), "p", "b") is None
    assert controls(Ownership({}), "p", "b") is None
    assert controls(Ownership({}, frozenset({"b"})), "p", "b") is False
    through_q = {"b": {"p": F(2, 5), "q": F(3, 5)}}
    assert controls(Ownership(through_q), "p", "b") is None
    assert controls(Ownership(through_q, frozenset({"q"})), "p", "b") is False
    assert controls(Ownership(through_q | {"q": {"r": F(3, 4)}}), "p", "b") is None
    recorded = through_q | {"q": {"r": F(1)}}
    assert controls(Ownership(recorded, frozenset({"r"})), "p", "b") is False
