"""The account matrix of a pack is proven: every cell once, names known, no doubt that permits."""

from collections.abc import Mapping

import pytest

from policy.small import FILES, flaws_of, opened
from qianhai.policy import Cell, pack_differences

MATRIX = """\
title: {zh: 表, en: matrix}
basis: {zh: 据, en: basis}
books:
  harbour: {link: link_harbour, zh: 港, en: harbour}
  island: {link: link_island, zh: 岛, en: island}
ordinary: settlement
outside: abroad
kinds: [settlement, island_money]
places: {abroad: {zh: 外, en: abroad}}
needs: {papers: {zh: 单证, en: papers}}
rows:
  - {debit: [settlement], credit: [settlement], answer: permit, confidence: page, source: s,
     zh: 可, en: may}
  - {debit: [settlement], credit: [island_money], both: true, own_name: own, currency: rmb,
     answer: conditional, needs: papers,
     clause: 1b, confidence: page, source: s, zh: 凭, en: on papers}
  - {debit: [settlement], credit: [abroad], both: true, answer: refuse, confidence: page, source: s,
     zh: 否, en: no}
  - {debit: [settlement, island_money], credit: [settlement, island_money, abroad], both: true,
     answer: ask, confidence: memory-unsure, source: s, zh: 待, en: ask}
"""
KINDS = (
    'settlement: {floor: "0", zh: 结算, en: settlement}\n'
    'island_money: {floor: "0", book: island, zh: 岛, en: island money}\n'
    "nostro: {zh: 往来, en: nostro}\ntagged: {zh: 标记, en: tagged}\n"
    "link_harbour: {zh: 联, en: link}\nlink_island: {book: island, zh: 联, en: link}\n"
)


def files(matrix: str = MATRIX, kinds: str = KINDS) -> Mapping[str, str]:
    return {**FILES, "accounts/movements.yaml": matrix, "vocabulary/accounts.yaml": kinds}


def test_the_first_row_that_names_a_movement_answers_it() -> None:
    movements = opened(files()).pack.movements
    assert movements
    said = {cell: movements.rows[number].answer for cell, number in movements.cells.items()}
    assert len(said) == len(list(movements.all_cells())) == 32
    assert said[Cell("settlement", "settlement", False, True)] == "permit"
    assert said[Cell("island_money", "settlement", True, True)] == "conditional"
    assert said[Cell("island_money", "settlement", True, False)] == "ask"
    assert said[Cell("abroad", "settlement", True, True)] == "refuse"


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("kinds: [settlement, island_money]", "kinds: [settlement, island_mony]", "P401", 8),
        ("clause: 1b", "clause: 9z", "P401", 16),
        ("needs: papers,\n", "needs: paper,\n", "P401", 15),
        ("answer: conditional, needs: papers,", "answer: conditional,", "P413", 14),
        ("answer: ask, confidence", "answer: permit, confidence", "P413", 20),
        ("answer: permit, confidence", "answer: permit, closed: ask, confidence", "P413", 12),
        ("island_money, abroad], both", "abroad], both", "P414", 12),
        ("link: link_island", "link: link_harbour", "P412", 5),
        ("ordinary: settlement", "ordinary: abroad", "P401", 6),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_where_it_stands(
    old: str, new: str, code: str, line: int
) -> None:
    assert old in MATRIX
    found = [
        (flaw.code, flaw.place.line)
        for flaw in flaws_of(dict(files(MATRIX.replace(old, new, 1))))
        if flaw.place.file.endswith("movements.yaml")
    ]
    assert (code, line) in found, found


def test_a_cell_that_is_answered_otherwise_is_a_difference_of_the_packs() -> None:
    before = opened(files()).pack
    after = opened(files(MATRIX.replace("answer: refuse", "answer: ask", 1))).pack
    (found,) = pack_differences(before, after)
    assert (found.kind, found.path) == ("movements", "rows.2.answer")
    assert (found.before, found.after) == ("refuse", "ask")
    assert found.file.endswith("accounts/movements.yaml")


def test_a_row_that_answers_nothing_is_told() -> None:
    extra = MATRIX.splitlines()[11:13]
    extra = [extra[0].replace("permit", "refuse"), extra[1]]
    (flaw,) = flaws_of(dict(files(MATRIX + "\n".join([*extra, ""]))))
    assert (flaw.code, flaw.place.line) == ("P414", 21)


def test_a_kind_a_customer_opens_stands_in_the_matrix_or_apart_from_it() -> None:
    kinds = KINDS + 'locker: {floor: "0", zh: 柜, en: locker}\n'
    (flaw,) = flaws_of(dict(files(kinds=kinds)))
    assert (flaw.code, flaw.value) == ("P412", "locker")
    assert not flaws_of(dict(files(MATRIX + "apart: [locker]\n", kinds)))


def test_a_kind_that_stands_in_a_book_nobody_declared_is_told_where_it_says_so() -> None:
    kinds = KINDS.replace("tagged: {", "tagged: {book: iland, ", 1)
    (flaw,) = flaws_of(dict(files(kinds=kinds)))
    assert (flaw.code, flaw.value) == ("P401", "iland")
    assert (flaw.place.file, flaw.place.line) == ("plan/vocabulary/accounts.yaml", 4)
    assert "`island`" in flaw.en


@pytest.mark.parametrize(
    ("leg", "is_lawful"),
    [
        ("bank.nostro, credit: borrower.account", True),
        ("borrower.island_money, credit: borrower.settlement", True),
        ("borrower.account, credit: borrower.island_money", True),
        ("borrower.island_money, credit: bank.nostro", False),
        ("borrower.any, credit: bank.nostro", False),
    ],
)
def test_a_leg_meets_a_book_of_its_own_by_a_line_of_the_matrix_alone(
    leg: str, *, is_lawful: bool
) -> None:
    name = "measures/002_pier/pier_loan.facility.yaml"
    text = FILES[name].replace("debit: bank.nostro, credit: borrower.account", f"debit: {leg}", 1)
    found = [flaw.code for flaw in flaws_of({**files(), name: text})]
    assert found == ([] if is_lawful else ["P415"])


def test_a_condition_that_asks_the_matrix_answers_for_any_account() -> None:
    name = "measures/002_pier/pier_loan.facility.yaml"
    asked = "cell('movements', paper, paper, is_listed, is_sound) <> 'refuse'"
    text = FILES[name].replace("when: is_sound,", f'when: "{asked}",', 1)
    text = text.replace("debit: bank.nostro", "debit: borrower.any", 1)
    codes = {flaw.code for flaw in flaws_of({**files(), name: text})}
    assert "P415" not in codes
