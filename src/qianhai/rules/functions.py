"""The named functions of a rule: what each takes, what it is, and the tree it stands for.

Holds the functions of law and of lists. Must not hold operators; computes nothing.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, cast

from qianhai.rules.fit import ORDERED, Judge
from qianhai.rules.model import (
    Apply,
    Case,
    Coalesce,
    Const,
    Leaf,
    ListFold,
    ListOp,
    Node,
    Op,
    divides,
)
from qianhai.rules.names import POISON, Row, is_poison, of_rows
from qianhai.rules.syntax import Call, Literally, Name, Syntax
from qianhai.rules.tables import cell_of
from qianhai.rules.types import (
    Bool,
    Currency,
    Date,
    Integer,
    List,
    Money,
    Number,
    Rate,
    Type,
    Unproven,
    is_code,
    present,
)

#: How each function is written; also what a message lists.
FORMS: Final = {
    "add_months": "add_months(day, months)",
    "age_on": "age_on(born, day)",
    "all_of": "all_of(list, condition)",
    "any_of": "any_of(list, condition)",
    "cell": "cell('table', key, ...)",
    "coalesce": "coalesce(optional_fact, value)",
    "count_of": "count_of(list, condition)",
    "days_between": "days_between(first_day, last_day)",
    "greatest": "greatest(value, value, ...)",
    "in_currency": "in_currency(amount, 'CNY', rate)",
    "is_open": "is_open('clause')",
    "least": "least(value, value, ...)",
    "max_of": "max_of(list, value, value_if_empty)",
    "min_of": "min_of(list, value, value_if_empty)",
    "money_in": "money_in(amount, 'CNY')",
    "sum_of": "sum_of(list, value)",
    "switch": "switch('reading')",
}


def _look_into(judge: Judge, call: Call) -> None:
    """Look for mistakes in the arguments of a call that means nothing."""
    for argument in call.arguments:
        if not (isinstance(argument, Name) and judge.names.rows(argument.path)):
            judge.node(argument)


def _form(judge: Judge, call: Call) -> Node:
    """Say how the function is written, after looking for mistakes in what it was given."""
    _look_into(judge, call)
    judge.report.note("P307", call.start, call.end, found=call.name, expected=FORMS[call.name])
    return POISON


def _word(call: Call) -> str | None:
    match call.arguments:
        case (Literally(value=str() as word, is_number=False),):
            return word
    return None


def _switch(judge: Judge, call: Call) -> Node:
    word, switches = _word(call), judge.names.scope.switches
    if word is None:
        return _form(judge, call)
    if word in switches:
        return Leaf(switches[word], "switch", word)
    judge.names.unknown("P202", word, switches, call.arguments[0])
    return POISON


def _is_open(judge: Judge, call: Call) -> Node:
    word, clauses = _word(call), judge.names.scope.clauses
    if word is None:
        return _form(judge, call)
    if word in clauses:
        return Leaf(Bool(), "clause", word)
    judge.names.unknown("P203", word, clauses, call.arguments[0])
    return POISON


def _cell(judge: Judge, call: Call) -> Node:
    """Look an answer up in a table of the pack, by one argument for each of its axes."""
    match call.arguments[0]:
        case Literally(value=str() as word, is_number=False):
            tables, keys = judge.names.scope.tables, call.arguments[1:]
        case _:
            return _form(judge, call)
    if word not in tables:
        judge.names.unknown("P209", word, tables, call.arguments[0])
        return POISON
    table = tables[word]
    if len(keys) != len(table.axes):
        return _form(judge, call)
    found = [judge.value(key, kind) for key, kind in zip(keys, table.axes, strict=True)]
    return POISON if any(map(is_poison, found)) else cell_of(table, found)


def _of_days(last: Type, result: Type) -> Callable[[Judge, Call], Node]:
    def of_days(judge: Judge, call: Call) -> Node:
        first, second = call.arguments
        operands = (judge.value(first, Date()), judge.value(second, last))
        return Apply(result, cast(Op, call.name), operands)

    return of_days


def _extreme(judge: Judge, call: Call) -> Node:
    nodes = [judge.node(argument) for argument in call.arguments]
    kind, operands = judge.common(nodes, call.arguments)
    if not isinstance(kind, (*ORDERED, Unproven)):
        judge.mismatch("P311", kind, kind, call)
        return POISON
    return Apply(kind, cast(Op, call.name), tuple(operands))


def _coalesce(judge: Judge, call: Call) -> Node:
    *firsts, last = call.arguments
    leaves = [optional_leaf(judge, first) for first in firsts]
    known = [leaf for leaf in leaves if leaf is not None]
    kind, nodes = judge.common([*known, judge.node(last)], [*firsts[: len(known)], last])
    whole = nodes[-1]
    for leaf in reversed(known):
        whole = Coalesce(kind, leaf, whole)
    return whole if len(known) == len(leaves) else POISON


def optional_leaf(judge: Judge, syntax: Syntax) -> Leaf | None:
    """Return the optional leaf a piece names, or say that it is never recorded as absent."""
    node = judge.names.find(syntax.path, syntax) if isinstance(syntax, Name) else judge.node(syntax)
    if isinstance(node, Leaf) and node.type.optional:
        return node
    if not is_poison(node):
        judge.report.note("P305", syntax.start, syntax.end)
    return None


# --- currencies -------------------------------------------------------------------------------


def _target(judge: Judge, call: Call) -> str | None:
    """Return the currency an amount is wanted in: a code, or the path of a currency leaf."""
    syntax = call.arguments[1]
    if isinstance(syntax, Literally):
        node = judge.value(syntax, Currency())
        return node.value if isinstance(node, Const) and isinstance(node.value, str) else None
    node = judge.value(syntax, Currency())
    if isinstance(node, Leaf):
        return judge.names.symbol(node)
    if not is_poison(node):
        judge.report.note(
            "P307", syntax.start, syntax.end, found=call.name, expected=FORMS[call.name]
        )
    return None


def _is_in(judge: Judge, amount: str, target: str, call: Call) -> Node:
    """Return the question whether the amount's currency turns out to be the wanted one."""
    sides = (judge.names.currency(amount, call), judge.names.currency(target, call))
    return Apply(Bool(), "=", sides)


def _amount(judge: Judge, syntax: Syntax) -> tuple[Node, Money | None]:
    node = judge.node(syntax)
    if isinstance(node.type, Money):
        return node, node.type
    if not is_poison(node):
        judge.mismatch("P301", node.type, Money("CNY"), syntax)
    return POISON, None


def _in_currency(judge: Judge, call: Call) -> Node:
    """Convert at a rate; an amount that is in the wanted currency already needs no rate."""
    node, money = _amount(judge, call.arguments[0])
    target = _target(judge, call)
    rate = judge.node(call.arguments[2])
    if money is None or target is None or is_poison(rate):
        return POISON
    if money.currency == target and isinstance(rate.type, Rate):
        return node
    multiplies = Rate(of=target, per=money.currency)
    if present(rate.type) not in (multiplies, Rate(of=money.currency, per=target)):
        judge.mismatch("P303", rate.type, multiplies, call.arguments[2])
        return POISON
    factor: Node = rate
    if not (is_code(money.currency) and is_code(target)):
        same = _is_in(judge, money.currency, target, call)
        factor = Case(Number(), (same,), (Const(Number(), Decimal(1)),), rate)
    op: Op = "*" if present(rate.type) == multiplies else "/"
    return Apply(Money(target), op, (node, factor))


def _money_in(judge: Judge, call: Call) -> Node:
    """Take an amount as one of a currency; unknown when it turns out to be of another."""
    node, money = _amount(judge, call.arguments[0])
    target = _target(judge, call)
    if money is None or target is None or money.currency == target:
        return node
    wanted = Money(target)
    if is_code(money.currency) and is_code(target):
        judge.mismatch("P302", money, wanted, call)
        return POISON
    same = _is_in(judge, money.currency, target, call)
    return Case(wanted, (same,), (node,), Const(wanted, None))


# --- lists ------------------------------------------------------------------------------------


def _rows(judge: Judge, call: Call) -> Leaf | None:
    names, first = judge.names, call.arguments[0]
    if names.row:
        judge.report.note("P308", call.start, call.end, found=call.name)
        return None
    if isinstance(first, Name) and (leaf := names.rows(first.path)):
        if leaf.type.optional and leaf not in names.present:
            judge.report.note("P306", first.start, first.end)
        return leaf
    node = judge.node(first)
    if not is_poison(node):
        judge.mismatch("P301", node.type, List({}), first)
    return None


def _body(judge: Judge, rows: Leaf, syntax: Syntax) -> Node:
    names = judge.names
    assert isinstance(rows.type, List), "rows come from a list"
    before = names.present
    names.row = Row(rows.name, rows.type.fields)
    node = judge.node(syntax)
    names.row, names.present = None, before
    return node


_EMPTY: Final = {"all_of": Const(Bool(), True), "any_of": Const(Bool(), False),
                 "count_of": Const(Integer(), 0)}  # fmt: skip


def _asked(judge: Judge, call: Call) -> Node:
    """Ask a condition of each row: of all, of any, or how many it holds for."""
    rows = _rows(judge, call)
    if rows is None:
        return POISON
    condition = judge.require(_body(judge, rows, call.arguments[1]), Bool(), call.arguments[1])
    empty = _EMPTY[call.name]
    return ListFold(empty.type, cast(ListOp, call.name), rows, condition, empty)


def _folded(judge: Judge, call: Call) -> Node:
    """Add the rows up, or take the least or greatest; an empty list has no least one."""
    needs_empty = call.name != "sum_of"
    rows = _rows(judge, call)
    if rows is None:
        return POISON
    body = _body(judge, rows, call.arguments[1])
    kind = present(body.type)
    if is_poison(body):
        return POISON
    if isinstance(kind, Money) and of_rows(kind.currency):
        judge.report.note("P309", call.start, call.end, found=call.name)
        return POISON
    wanted = ORDERED if needs_empty else (Integer, Number, Money)
    if not isinstance(kind, wanted) or (isinstance(kind, Rate) and of_rows(kind.of + kind.per)):
        judge.mismatch("P301", kind, Number(), call.arguments[1])
        return POISON
    empty: Node = Const(kind, 0 if isinstance(kind, Integer) else Decimal(0))
    if needs_empty:
        places = (call.arguments[1], call.arguments[2])
        kind, (body, empty) = judge.common([body, judge.node(call.arguments[2])], places)
    if divides(body) or divides(empty):
        judge.report.note("P310", call.start, call.end, found=call.name)
    return ListFold(kind, cast(ListOp, call.name), rows, body, empty)


_MANY = 40

#: What builds each function, and the least and the most arguments it takes.
_FUNCTIONS: Final[dict[str, tuple[Callable[[Judge, Call], Node], int, int]]] = {
    "add_months": (_of_days(Integer(), Date()), 2, 2),
    "age_on": (_of_days(Date(), Integer()), 2, 2),
    "all_of": (_asked, 2, 2),
    "any_of": (_asked, 2, 2),
    "cell": (_cell, 2, _MANY),
    "coalesce": (_coalesce, 2, _MANY),
    "count_of": (_asked, 2, 2),
    "days_between": (_of_days(Date(), Integer()), 2, 2),
    "greatest": (_extreme, 2, _MANY),
    "in_currency": (_in_currency, 3, 3),
    "is_open": (_is_open, 1, 1),
    "least": (_extreme, 2, _MANY),
    "max_of": (_folded, 3, 3),
    "min_of": (_folded, 3, 3),
    "money_in": (_money_in, 2, 2),
    "sum_of": (_folded, 2, 2),
    "switch": (_switch, 1, 1),
}
assert _FUNCTIONS.keys() == FORMS.keys(), "every function has a form to show"


def call_of(judge: Judge, call: Call) -> Node:
    """Return the typed tree of a named function, or a poison after saying what is wrong."""
    if call.name in _FUNCTIONS:
        build, least, most = _FUNCTIONS[call.name]
        return build(judge, call) if least <= len(call.arguments) <= most else _form(judge, call)
    _look_into(judge, call)
    name = Syntax(call.start, call.start + len(call.name))
    judge.names.unknown("P205", call.name, FORMS, name, expected=", ".join(FORMS))
    return POISON
