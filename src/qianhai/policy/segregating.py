"""Checks the account matrix against the pack: kinds, books, clauses, and that every cell answers.

Also that money meets a book of its own only where the matrix is asked. What a row means is in
movements.py.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from qianhai.kernel import Flaw
from qianhai.policy.compiling import Compiled
from qianhai.policy.model import LegTemplate, Term
from qianhai.policy.movements import ANY_ACCOUNT, MOVEMENTS, MovementRow, Movements
from qianhai.policy.naming import Names
from qianhai.policy.pack import Pack
from qianhai.policy.reading import Document, Path
from qianhai.rules import walk

_SHOWN_MAX: Final = 3


def movement_flaws(pack: Pack) -> Iterator[Flaw]:
    """Yield every point on which the matrix, the kinds and the clauses do not fit together."""
    if pack.movements is None:
        return
    names = Names(pack, pack.sources[f"{MOVEMENTS}:{MOVEMENTS}"])
    yield from _books(names, pack.movements)
    yield from _kinds(names, pack.movements)
    for number, row in enumerate(pack.movements.rows):
        yield from _row(names, pack.movements, row, ("rows", number))
    yield from _cells(names.document, pack.movements)


def _books(names: Names, movements: Movements) -> Iterator[Flaw]:
    accounts = names.pack.vocabulary["accounts"]
    for name, book in movements.books.items():
        at: Path = ("books", name, "link")
        yield from names.known("account kind", book.link, accounts, *at)
        link = accounts.get(book.link)
        if link and (link.book or movements.first_book) != name:
            en = f"`{book.link}` links the book `{name}`, but stands in `{link.book}`."
            zh = f"“{book.link}”为账册“{name}”的往来科目，却归于“{link.book}”。"
            yield names.document.flaw("P412", at, book.link, f"a kind of the book {name}", en, zh)
    for kind, term in accounts.items():
        if term.book and term.book not in movements.books:
            source = names.pack.sources[f"accounts:{kind}"]
            words = ("book", "账册", term.book, movements.books)
            yield source.document.unknown(source.at("book"), *words)


def _kinds(names: Names, movements: Movements) -> Iterator[Flaw]:
    """Yield each kind a customer opens that is not once in the matrix, or apart from it."""
    accounts = names.pack.vocabulary["accounts"]
    for field in ("kinds", "apart"):
        for number, kind in enumerate(getattr(movements, field)):
            yield from names.known("account kind", kind, accounts, field, number)
    yield from names.known("account kind", movements.ordinary, movements.kinds, "ordinary")
    yield from names.known("account kind", movements.outside, movements.places, "outside")
    for group, members in movements.groups.items():
        for number, name in enumerate(members):
            words = [*movements.kinds, *movements.places]
            yield from names.known("account kind", name, words, "groups", group, number)
    listed = [*movements.kinds, *movements.apart]
    for kind, term in accounts.items():
        is_opened = bool(term.floor) and not term.on_demand
        if listed.count(kind) != 1 and (is_opened or kind in listed):
            source = names.pack.sources[f"accounts:{kind}"]
            en = f"`{kind}` stands {listed.count(kind)} times in the matrix; once is right."
            zh = f"“{kind}”在账户矩阵中出现 {listed.count(kind)} 次，应为一次。"
            expected = "one place under `kinds` or `apart` of the matrix"
            yield source.document.flaw("P412", source.path, kind, expected, en, zh, key=True)


def _row(names: Names, movements: Movements, row: MovementRow, at: Path) -> Iterator[Flaw]:
    words = [*movements.kinds, *movements.places, *movements.groups]
    for side in ("debit", "credit"):
        for number, name in enumerate(getattr(row, side)):
            yield from names.known("account kind", name, words, *at, side, number)
    if row.clause:
        yield from names.known("clause", row.clause, names.pack.clauses, *at, "clause")
    if row.needs:
        yield from names.known("need", row.needs, movements.needs, *at, "needs")
    wrong = (
        ("needs", bool(row.needs) is not (row.answer == "conditional"),
         "a conditional answer names what it needs, and no other does.",
         "有条件的答案须指明条件，其他答案不得指明。"),
        ("closed", bool(row.closed) and not row.clause,
         "`closed` says what holds while a clause is not open; name the clause.",
         "closed 为条款未开放时的答案，须指明条款。"),
        ("answer", row.confidence == "memory-unsure" and row.answer != "ask",
         "what is only remembered with doubt answers `ask`.",
         "仅凭不确定记忆的单元格，答案应为 ask。"),
    )  # fmt: skip
    for field, is_wrong, en, zh in wrong:
        if is_wrong:
            value = str(getattr(row, field))
            yield names.document.flaw("P413", (*at, field), value, "another answer", en, zh)


def _cells(document: Document, movements: Movements) -> Iterator[Flaw]:
    """Yield a flaw for the cells no row answers, and for each row that answers no cell."""
    left = [cell for cell in movements.all_cells() if cell not in movements.cells]
    if left:
        shown = "; ".join(
            f"{one.debit} -> {one.credit}, {'own' if one.is_own_name else 'other'} name,"
            f" {'RMB' if one.is_rmb else 'FX'}"
            for one in left[:_SHOWN_MAX]
        )
        en = f"{len(left)} movements have no answer: {shown}."
        zh = f"有 {len(left)} 种划转没有答案：{shown}。"
        yield document.flaw("P414", ("rows",), str(len(left)), "an answer for each", en, zh)
    used = set(movements.cells.values())
    for number in range(len(movements.rows)):
        if number not in used:
            en = "the rows above answer every movement this one names."
            zh = "上面各行已回答本行所列的全部划转。"
            yield document.flaw("P414", ("rows", number), "", "a movement of its own", en, zh)


def crossing_flaws(pack: Pack, actions: Mapping[tuple[str, str], Compiled]) -> Iterator[Flaw]:
    """Yield a flaw for each leg that may meet a book of its own by no line of the matrix.

    A leg to whatever account a sender names needs a condition that asks the matrix; between kinds
    the pack names, some movement must be other than refused or to be asked.
    """
    movements = pack.movements
    if movements is None:
        return
    for (facility, name), compiled in actions.items():
        kinds = (one.type for _, tree in compiled.tests.values() for one in walk(tree.root))
        if movements.table.kind in kinds:
            continue
        document = pack.sources[f"facility:{facility}"].document
        for number, leg in enumerate(compiled.action.legs):
            if not _is_lawful(pack.vocabulary["accounts"], movements, leg):
                en = (
                    f"{leg.debit} to {leg.credit} may meet a book that balances alone, the matrix"
                    " has no line for it, and no condition asks cell('movements', ...)."
                )
                zh = (
                    f"{leg.debit} 至 {leg.credit} 可能跨越单独平衡的账册，账户矩阵没有准许的行，"
                    "也没有条件查询 cell('movements', ...)。"
                )
                at: Path = ("actions", name, "legs", number, "debit")
                yield document.flaw("P415", at, leg.debit, "a line of the matrix", en, zh)


def _is_lawful(accounts: Mapping[str, Term], movements: Movements, leg: LegTemplate) -> bool:
    kinds = [side.partition(".")[2] for side in (leg.debit, leg.credit)]
    if ANY_ACCOUNT in kinds:
        return False
    books = {accounts[kind].book if kind in accounts else "" for kind in kinds}
    if len(books) == 1:
        return True
    # An account nobody names is an ordinary one; what is the bank's own stands for the outside.
    named = [movements.ordinary if kind == "account" else kind for kind in kinds]
    sides = [kind if kind in movements.kinds else movements.outside for kind in named]
    return any(
        movements.rows[number].answer in {"permit", "conditional"}
        for cell, number in movements.cells.items()
        if [cell.debit, cell.credit] == sides
    )
