"""Reading a rule: the closed grammar, as one recursive descent over the words of the text.

Holds the grammar. Must not know names or types. What is not written down here is refused, so
nothing needs to be forbidden one by one.

    rule        = disjunction END
    disjunction = conjunction { OR conjunction }
    conjunction = negation { AND negation }
    negation    = { NOT } predicate
    predicate   = sum [ (= | <> | < | <= | > | >=) sum
                      | [NOT] IN ( "(" sum { "," sum } ")" | name )
                      | [NOT] BETWEEN sum AND sum
                      | IS [NOT] NULL ]
    sum         = product { (+ | -) product }
    product     = sign { * sign }
    sign        = { - } operand
    operand     = number | text | DATE text | TRUE | FALSE | name | name "(" [args] ")"
                | "(" disjunction ")" | CASE WHEN ... THEN ... ELSE ... END
"""

from collections.abc import Callable
from typing import Final, NoReturn

from qianhai import kernel
from qianhai.rules.flaws import Report
from qianhai.rules.syntax import (
    REFUSED_WORDS,
    Call,
    Choice,
    Literally,
    Membership,
    Name,
    NullTest,
    Operation,
    Syntax,
    Token,
    tokens_of,
)

_COMPARISONS: Final = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=",
                       "!=": "<>", "==": "=", "<=>": "="}  # fmt: skip
_TEXT_MAX = 4_000
_DEPTH_MAX = 40
_OPERATORS_MAX = 120


class _StopError(Exception):
    """The rest of the text cannot be read; why is in the report."""


class _Reader:
    def __init__(self, text: str, report: Report) -> None:
        self.report = report
        self.tokens = tokens_of(text, report)
        self.at = 0
        self.depth = 0
        self.operators = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def is_over(self) -> bool:
        return self.token.kind == "end"

    def take(self) -> Token:
        token = self.token
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def sees(self, kind: str, *words: str) -> bool:
        return self.token.kind == kind and self.token.text in words

    def operator(self) -> Token:
        """Take an operator that makes the tree one level higher."""
        self.deepen()
        return self.take()

    def deepen(self) -> None:
        self.operators += 1
        if self.operators > _OPERATORS_MAX:
            self.too_much(f"> {_OPERATORS_MAX}")

    def too_much(self, found: str) -> NoReturn:
        self.report.note("P110", self.token.start, self.token.end, found=found)
        raise _StopError

    def taken(self, kind: str, word: str) -> bool:
        """Take the word when it comes next."""
        if seen := self.sees(kind, word):
            self.take()
        return seen

    def stop(self, expected: str, expected_zh: str) -> NoReturn:
        token = self.token
        word = self.report.text[token.start : token.end]
        self.report.note_unless_marked(
            "P103",
            token.start,
            token.end,
            found="the end" if self.is_over else f"`{word}`",
            found_zh="结尾" if self.is_over else f"“{word}”",
            expected=expected,
            expected_zh=expected_zh,
        )
        raise _StopError

    def need(self, kind: str, word: str) -> Token:
        if not self.sees(kind, word):
            self.stop(f"`{word}`", f" {word} ")
        return self.take()

    # --- the grammar ---------------------------------------------------------------------------

    def rule(self) -> Syntax:
        if self.is_over:
            if not self.report:
                self.report.note("P111", 0, 0)
            raise _StopError
        whole = self.disjunction()
        if not self.is_over:
            self.report.note_unless_marked("P102", self.token.start, self.token.end)
        return whole

    def disjunction(self) -> Syntax:
        self.depth += 1
        if self.depth > _DEPTH_MAX:
            self.too_much(f"> {_DEPTH_MAX}")
        operands = [self.conjunction()]
        while self.taken("keyword", "or"):
            operands.append(self.conjunction())
        self.depth -= 1
        return self.joined("or", operands)

    def conjunction(self) -> Syntax:
        operands = [self.negation()]
        while self.taken("keyword", "and"):
            operands.append(self.negation())
        return self.joined("and", operands)

    def joined(self, op: str, operands: list[Syntax]) -> Syntax:
        if len(operands) == 1:
            return operands[0]
        return Operation(operands[0].start, operands[-1].end, op, tuple(operands))

    def negation(self) -> Syntax:
        starts: list[int] = []
        while self.sees("keyword", "not"):
            starts.append(self.operator().start)
        whole = self.predicate()
        for start in reversed(starts):
            whole = Operation(start, whole.end, "not", (whole,))
        return whole

    def predicate(self) -> Syntax:
        left = self.sum()
        whole = self.tail(left)
        while whole is not left and (
            self.compares() or self.sees("keyword", "in", "is", "between")
        ):
            self.deepen()
            self.report.note("P112", self.token.start, self.token.end)
            left, chained = whole, self.tail(whole)
            whole = Operation(left.start, chained.end, "refused", (left,))
        return whole

    def compares(self) -> bool:
        return self.token.kind == "sign" and self.token.text in _COMPARISONS

    def tail(self, left: Syntax) -> Syntax:
        if self.compares():
            op = _COMPARISONS[self.take().text]
            right = self.sum()
            return Operation(left.start, right.end, op, (left, right))
        if self.taken("keyword", "is"):
            negated = self.taken("keyword", "not")
            end = self.need("keyword", "null").end
            return self.negated_if(negated, NullTest(left.start, end, left))
        negated = False
        if self.sees("keyword", "not"):
            self.take()
            negated = True
            if not self.sees("keyword", "in", "between"):
                self.stop("`in` or `between`", " in 或 between ")
        if self.taken("keyword", "in"):
            return self.negated_if(negated, self.membership(left))
        if self.taken("keyword", "between"):
            low = self.sum()
            self.need("keyword", "and")
            high = self.sum()
            over = Operation(left.start, low.end, ">=", (left, low))
            under = Operation(left.start, high.end, "<=", (left, high))
            return self.negated_if(negated, Operation(left.start, high.end, "and", (over, under)))
        return left

    def negated_if(self, negated: bool, whole: Syntax) -> Syntax:
        return Operation(whole.start, whole.end, "not", (whole,)) if negated else whole

    def membership(self, left: Syntax) -> Syntax:
        if self.token.kind == "name":
            listed = self.take()
            name = Name(listed.start, listed.end, listed.text)
            return Membership(left.start, listed.end, left, (name,), is_listed=True)
        self.need("sign", "(")
        items, end = self.arguments(self.sum)
        if not items:
            self.at -= 1
            self.stop("a value", "一个值")
        return Membership(left.start, end, left, items, is_listed=False)

    def arguments(self, one: Callable[[], Syntax]) -> tuple[tuple[Syntax, ...], int]:
        found: list[Syntax] = []
        if not self.sees("sign", ")"):
            found.append(one())
            while self.taken("sign", ","):
                found.append(one())
        return tuple(found), self.need("sign", ")").end

    def sum(self) -> Syntax:
        whole = self.product()
        while self.sees("sign", "+", "-"):
            op = self.operator().text
            right = self.product()
            whole = Operation(whole.start, right.end, op, (whole, right))
        return whole

    def product(self) -> Syntax:
        whole = self.sign()
        while self.sees("sign", "*", "/", "//", "**", "%"):
            op = self.operator().text
            right = self.sign()
            whole = Operation(
                whole.start, right.end, "*" if op == "*" else "refused", (whole, right)
            )
        return whole

    def sign(self) -> Syntax:
        starts: list[int] = []
        while self.sees("sign", "-"):
            starts.append(self.operator().start)
        whole = self.operand()
        for start in reversed(starts):
            whole = Operation(start, whole.end, "negate", (whole,))
        return whole

    def operand(self) -> Syntax:
        token = self.token
        if token.kind == "broken":
            self.take()
            return Operation(token.start, token.end, "refused", ())
        if token.kind == "number":
            self.take()
            return Literally(token.start, token.end, token.text, is_number=True)
        if token.kind == "text":
            self.take()
            return Literally(token.start, token.end, token.text)
        if token.kind == "name":
            return self.named(self.take())
        if self.sees("keyword", "true", "false"):
            self.take()
            return Literally(token.start, token.end, token.text == "true")
        if self.taken("sign", "("):
            whole = self.disjunction()
            self.need("sign", ")")
            return whole
        if self.taken("keyword", "case"):
            return self.choice(token.start)
        if self.sees("keyword", "null"):
            self.stop("a value (null stands only after `is`)", "一个值（null 只能在 is 之后）")
        return self.stop("a value", "一个值")

    def named(self, token: Token) -> Syntax:
        is_refused = token.text.lower() in REFUSED_WORDS
        if token.text.lower() == "date" and self.token.kind == "text":
            day = self.take()
            try:
                return Literally(token.start, day.end, kernel.parse_date(day.text))
            except ValueError:
                self.report.note("P108", token.start, day.end, found=day.text)
                return Operation(token.start, day.end, "refused", ())
        if self.taken("sign", "("):
            arguments, end = self.arguments(self.disjunction)
            if is_refused:
                return Operation(token.start, end, "refused", ())
            return Call(token.start, end, token.text, arguments)
        if is_refused:
            return Operation(token.start, token.end, "refused", ())
        return Name(token.start, token.end, token.text)

    def choice(self, start: int) -> Syntax:
        guards: list[Syntax] = []
        values: list[Syntax] = []
        self.need("keyword", "when")
        while not guards or self.taken("keyword", "when"):
            guards.append(self.disjunction())
            self.need("keyword", "then")
            values.append(self.disjunction())
        if self.sees("keyword", "end"):
            end = self.take().end
            self.report.note("P109", start, end)
            return Choice(
                start, end, tuple(guards), tuple(values), Operation(end, end, "refused", ())
            )
        self.need("keyword", "else")
        otherwise = self.disjunction()
        end = self.need("keyword", "end").end
        return Choice(start, end, tuple(guards), tuple(values), otherwise)


def read(text: str, report: Report) -> Syntax | None:
    """Read one rule, noting every mistake; nothing is returned where its end cannot be found.

    >>> from qianhai.rules.flaws import Source
    >>> read("not a", Report("not a", Source("day.yaml"))).op
    'not'
    """
    if len(text) > _TEXT_MAX:
        report.note("P110", 0, 1, found=f"> {_TEXT_MAX}")
        return None
    try:
        return _Reader(text, report).rule()
    except _StopError:
        return None
