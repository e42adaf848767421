"""Every cell of the account matrix decides: each movement is run, and comes out as its row says."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache

import pytest

from plan.the_pack import FILES, POLICY
from qianhai.kernel import Place
from qianhai.policy import Authorisation, Cell, Movements, Policy, open_policy, read_facts

pytestmark = pytest.mark.untraced

ON = date(2024, 3, 1)
#: Clauses of rows that wait for an instrument.
WAITING = ("72b", "74d")
#: An invented business that any account may do, on what the matrix needs and nothing else.
PROBE = """\
id: any_movement
measure: "88"
title: {zh: 试, en: probe}
parties:
  payer: {kinds: [enterprise], zh: 付, en: payer}
  payee: {kinds: [enterprise], zh: 收, en: payee}
facts:
  debit: {type: text, provider: account, with: {party: payer, name: kind}, zh: 付, en: paying kind}
  credit: {type: text, provider: account, with: {party: payee, name: kind}, zh: 收, en: kind paid}
  is_own_name: {type: boolean, zh: 同名, en: own name}
  is_rmb: {type: boolean, zh: 人民币, en: RMB}
  shown: {type: text, zh: 已证, en: what was shown}
actions:
  move:
    zh: 划
    en: Move
    clause: 61a
    closed: baseline
    let:
      line: "cell('movements', debit, credit, is_own_name, is_rmb)"
    conditions:
      - {id: line, when: line <> 'refuse', zh: 可, en: may}
      - {id: established, when: line <> 'ask', otherwise: incomplete, zh: 定, en: established}
NEEDS"""
#: The kinds whose movements a facility of the plan decides, and what it is shown beside the matrix.
FAMILIES = {
    "free_trade_movement": ("fte", "ftn", "ftu", "fti", "ftf"),
    "offshore_movement": ("osa",),
    "integrated_movement": ("integrated",),
}
SOUND = {
    "payer.id": "A", "bank.id": "B", "bank.is_pilot": "true", "bank.has_unit": "true",
    "rules.are_on_file": "true", "payer.is_known": "true", "payee.is_known": "true",
    "bank.is_licensed": "true", "bank.keeps_apart": "true", "amount.amount": "1.00",
    "business_is_genuine": "true", "purpose": "current_account", "ground.payer": "A",
    "ruling.debit": "none", "ruling.credit": "none",
}  # fmt: skip
#: What of the conditional answers each facility meets by what it is shown.
MET = {
    "free_trade_movement": {"cross_border", "own_purposes"},
    "offshore_movement": {"cross_border"},
    "integrated_movement": {"cross_border", "domestic_fx"},
}


@cache
def movements() -> Movements:
    assert POLICY
    found = POLICY.pack.movements
    assert found
    return found


def opened(*clauses: str) -> list[Authorisation]:
    return [Authorisation(one, "in_force", date(2024, 1, 1), None, "x") for one in clauses]


def outcome(
    policy: Policy, facility: str, facts: Mapping[str, str], *clauses: str
) -> tuple[str, object]:
    compiled = policy.compiled(facility)
    known = {
        path: text
        for path, text in facts.items()
        if path.rpartition(".")[0] in compiled.facts or path in compiled.facts
    }
    values, flaws = read_facts(compiled.facts, known.items(), Place)
    assert not flaws, flaws
    verdict = policy.decide(compiled, values, policy.standing(ON, authorisations=opened(*clauses)))
    return verdict.decision.outcome.value, verdict.values["let.line"]


def said(cell: Cell, *clauses: str) -> str:
    """The word a rule must read: that of the first row naming the cell, or of its closed clause."""
    row = movements().rows[movements().cells[cell]]
    is_closed = row.clause in WAITING and row.clause not in clauses
    return (row.closed or "refuse") if is_closed else row.word


@pytest.fixture(scope="module")
def probing() -> Policy:
    needs = "".join(
        f"      - {{id: {one}, when: line <> '{one}' or shown = '{one}', zh: 需, en: needed}}\n"
        for one in movements().needs
    )
    folder = next(one for one in FILES if one.startswith("measures/088_")).rsplit("/", 1)[0]
    text = PROBE.replace("NEEDS", needs).encode()
    return open_policy({**FILES, f"{folder}/any_movement.facility.yaml": text})


@pytest.mark.parametrize("clauses", [(), WAITING], ids=["as the plan stands", "once authorised"])
def test_every_cell_decides_as_its_row_says(probing: Policy, clauses: tuple[str, ...]) -> None:
    table = {"permit": "permitted", "refuse": "refused", "ask": "incomplete"}
    run = Counter[str]()
    for cell in movements().all_cells():
        word = said(cell, *clauses)
        facts = {
            "debit": cell.debit, "credit": cell.credit, "shown": "nothing",
            "is_own_name": str(cell.is_own_name).lower(), "is_rmb": str(cell.is_rmb).lower(),
        }  # fmt: skip
        wanted = table.get(word, "refused")
        assert outcome(probing, "any_movement", facts, *clauses) == (wanted, word), cell
        if word in movements().needs:
            met = outcome(probing, "any_movement", {**facts, "shown": word}, *clauses)
            assert met == ("permitted", word), cell
        run[word] += 1
    assert run.total() == 1748
    assert set(run) == set(movements().answers) - (set() if clauses else {"instrument"})


def of_family(kinds: tuple[str, ...]) -> Iterator[Cell]:
    for cell in movements().all_cells():
        if {cell.debit, cell.credit} & set(kinds) and "cash" not in cell:
            yield cell


def facts_of(cell: Cell) -> dict[str, str]:
    route = {"overseas": "to_overseas"}.get(cell.credit, "between_accounts")
    return SOUND | {
        "route": "from_overseas" if cell.debit == "overseas" else route,
        "payer.account_kind": cell.debit,
        "payee.account_kind": cell.credit,
        "payee.id": "A" if cell.is_own_name else "C",
        "ground.payee": "A" if cell.is_own_name else "C",
        "amount.currency": "CNY" if cell.is_rmb else "USD",
    }


@pytest.mark.parametrize("clauses", [(), WAITING], ids=["as the plan stands", "once authorised"])
@pytest.mark.parametrize("facility", FAMILIES)
def test_a_facility_decides_every_cell_of_its_accounts(
    facility: str, clauses: tuple[str, ...]
) -> None:
    assert POLICY
    met = {"permit", *MET[facility]}
    for cell in of_family(FAMILIES[facility]):
        word = said(cell, *clauses)
        wanted = "permitted" if word in met else "incomplete" if word == "ask" else "refused"
        assert outcome(POLICY, facility, facts_of(cell), *clauses) == (wanted, word), cell
        ruled = {"ruling.debit": cell.debit, "ruling.credit": cell.credit}
        after = outcome(POLICY, facility, facts_of(cell) | ruled, *clauses)[0]
        assert after == ("permitted" if word == "ask" else wanted), cell


def test_a_class_account_deals_as_its_cells_say() -> None:
    assert POLICY
    for cell in of_family(("class_ii", "class_iii")):
        is_paid = cell.debit in {"class_ii", "class_iii"}
        mine, other = (cell.debit, cell.credit) if is_paid else (cell.credit, cell.debit)
        facts = {
            "holder.id": "A", "other.id": "A" if cell.is_own_name else "C",
            "holder.account_kind": mine, "other.account_kind": other,
            "holder.account_number": "1", "amount.amount": "1.00", "held": "0",
            "way": "overseas" if other == "overseas" else "account",
            "amount.currency": "CNY" if cell.is_rmb else "USD",
            "out_today": "0", "out_this_year": "0", "in_today": "0", "in_this_year": "0",
        }  # fmt: skip
        compiled = POLICY.compiled("class_account_movement", "pay_out" if is_paid else "pay_in")
        values, flaws = read_facts(compiled.facts, facts.items(), Place)
        assert not flaws
        verdict = POLICY.decide(compiled, values, POLICY.standing(ON))
        word = said(cell)
        wanted = {"refuse": "refused", "class_limits": "permitted", "permit": "permitted"}
        found = verdict.decision.outcome.value, verdict.values["let.line"]
        assert found == (wanted.get(word, "incomplete"), word), cell


def test_no_offshore_or_free_trade_account_meets_the_onshore_book_freely() -> None:
    books = {"osa", "fte", "ftn", "ftu", "fti", "ftf"}
    onshore = set(movements().kinds) - books - {"nra", "nra_fx"}
    for cell in movements().all_cells():
        if {cell.debit, cell.credit} & books and {cell.debit, cell.credit} & onshore:
            assert said(cell, *WAITING) != "permit", cell
