"""The navigator: what somebody wants to do, the questions that matter, and the answer.

Open to everybody: it reads the plan and what the visitor says, and of the registers nothing but
the public instruments that open clauses. Must not choose questions or decide.
"""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from qianhai.kernel import CURRENCIES, BadInput, Flaw
from qianhai.policy import Leaf, Matter, Question, fits_of, leaves_of, next_question
from qianhai.views import (
    answer_document,
    answers_document,
    business_document,
    businesses,
    question_document,
    which_document,
)
from qianhai.web import faults
from qianhai.web.access import Anyone
from qianhai.web.answering import ROWS, answer_of, row_count, rows_of
from qianhai.web.interviews import Interview, is_of, opened, place_of, sealed
from qianhai.web.languages import simplified
from qianhai.web.messages import mark
from qianhai.web.navigation import Entry
from qianhai.web.pages.plan import given_of, policy_of
from qianhai.web.pages.subject import Subject
from qianhai.web.render import onward, page
from qianhai.web.visitor import Visitor

router: Final = APIRouter(prefix="/navigator")
subject: Final = Subject(
    router,
    (
        Entry(
            mark("May I?"),
            mark("Whether something may be done, on which papers, and what is left for it."),
            "/navigator",
            None,
            order=100,
        ),
    ),
)
_UNFIT: Final = HTTPStatus.UNPROCESSABLE_ENTITY
#: Questions cost thought: a burst for one address, then one each so many seconds.
_BURST: Final = 120
_SECONDS: Final = 0.5


@router.get("")
def start(visitor: Anyone) -> Response:
    """Ask what the visitor wants to do, and show the businesses that are meant."""
    query = visitor.request.query_params
    text, who, chapter = (query.get(name, "").strip() for name in ("q", "who", "chapter"))
    pack = policy_of(visitor).pack
    found = businesses(pack, simplified(text), who, chapter)
    return page(
        visitor,
        "navigator/start.html",
        found=found,
        plan=pack.plan,
        text=text,
        who=who,
        chapter=chapter,
    )


@router.get("/business/{facility}")
def business(visitor: Anyone, facility: str) -> Response:
    """Tell what a business is about before anything is asked."""
    policy = policy_of(visitor)
    if facility not in policy.pack.facilities:
        raise faults.not_found()
    document = business_document(policy, facility)
    vault = visitor.house.vault
    ways = {
        name: sealed(vault, Interview(facility, name, visitor.on))
        for name in policy.pack.facilities[facility].actions
    }
    return page(visitor, "navigator/business.html", business=document, ways=ways)


@router.get("/ask/{state}")
def ask(visitor: Anyone, state: str) -> Response:
    """Ask the next question, or one that was asked before, to be answered otherwise."""
    interview, matter = _matter(visitor, state)
    question = _asked(matter, interview, visitor.request.query_params.get("fact", ""))
    if question is None:
        return onward(visitor, f"/navigator/check/{state}")
    return _question(visitor, interview, matter, question)


@router.post("/ask/{state}")
def answer(visitor: Anyone, state: str) -> Response:
    """Take an answer and go on to what is asked next."""
    interview, matter = _matter(visitor, state)
    name = visitor.field("fact")
    question = _asked(matter, interview, name)
    if question is None:
        return onward(visitor, f"/navigator/check/{state}")
    if visitor.field("act") == "rows":
        return _question(visitor, interview, matter, question, more=ROWS)
    vault = visitor.house.vault
    try:
        if visitor.field("act") == "unknown":
            after = interview.without(question.fact)
        else:
            after = interview.told(question.fact, answer_of(visitor, question.leaves))
            after.values(matter.compiled)
        onto = sealed(vault, after)
    except BadInput as fault:
        return _question(visitor, interview, matter, question, fault.flaws)
    return onward(visitor, f"/navigator/ask/{onto}")


@router.get("/check/{state}")
def check(visitor: Anyone, state: str) -> Response:
    """Show every answer, to be checked and changed before the answer is read."""
    interview, matter = _matter(visitor, state)
    values = interview.values(matter.compiled)
    return page(
        visitor,
        "navigator/check.html",
        business=business_document(matter.policy, interview.facility),
        act=matter.compiled.action,
        answers=_answers(interview, matter),
        state=state,
        on=interview.on,
        is_open=next_question(matter, values, interview.skipped) is not None,
    )


@router.get("/answer/{state}")
def result(visitor: Anyone, state: str) -> Response:
    """Give the answer in one sentence, then what it rests on and what would change it."""
    interview, matter = _matter(visitor, state)
    values = interview.values(matter.compiled)
    return page(
        visitor,
        "navigator/answer.html",
        answer=answer_document(matter, values, given_of(visitor)),
        answers=_answers(interview, matter),
        state=state,
        on=interview.on,
    )


@router.get("/fits/{state}")
def fits(visitor: Anyone, state: str) -> Response:
    """Show under which other businesses the same answers would be permitted, and what is near."""
    interview, matter = _matter(visitor, state)
    given = list(interview.given.items())
    found, _ = fits_of(matter.policy, given, matter.standing, place_of)
    return page(
        visitor,
        "navigator/fits.html",
        which=which_document(found),
        state=state,
        facility=interview.facility,
        on=interview.on,
    )


def _matter(visitor: Visitor, state: str) -> tuple[Interview, Matter]:
    """Return an interview and what it is about, as it stands on the interview's day.

    Raises:
        Turned: no such address was made here, or the visitor asks too often.
    """
    house = visitor.house
    wait = house.rates.wait(f"navigator {visitor.peer}", burst=_BURST, seconds=_SECONDS)
    if wait:
        raise faults.too_often(wait)
    interview = opened(house.vault, state)
    policy = policy_of(visitor)
    if interview is None:
        raise faults.not_found()
    try:
        compiled = policy.compiled(interview.facility, interview.action)
    except KeyError:
        raise faults.not_found() from None
    standing = policy.standing(interview.on, authorisations=given_of(visitor))
    return interview, Matter(policy, compiled, standing)


def _asked(matter: Matter, interview: Interview, name: str) -> Question | None:
    """Return the question of a fact that was asked before, or the next one."""
    if name in interview.order:
        leaves = leaves_of(matter.compiled.facts)
        return Question(name, tuple(leaf for path, leaf in leaves.items() if is_of(path, name)))
    asked = next_question(matter, interview.values(matter.compiled), interview.skipped)
    return asked.question if asked else None


def _question(
    visitor: Visitor,
    interview: Interview,
    matter: Matter,
    question: Question,
    flaws: tuple[Flaw, ...] = (),
    more: int = 0,
) -> Response:
    """Show one question with what was typed or answered before, and the way back."""
    vault = visitor.house.vault
    before = interview.before(question.fact if question.fact in interview.order else "")
    asked = next_question(matter, interview.values(matter.compiled), interview.skipped)
    is_next = asked is not None and asked.question == question
    first = question.leaves[0]
    values: dict[str, object] = {
        leaf.path: visitor.field(leaf.path) if flaws else interview.given.get(leaf.path, "")
        for leaf in question.leaves
    }
    rows = _rows(visitor, interview, first, more=more, is_typed=bool(flaws or more))
    return page(
        visitor,
        "navigator/question.html",
        _UNFIT if flaws else HTTPStatus.OK,
        business=business_document(matter.policy, interview.facility),
        act=matter.compiled.action,
        question=_told(matter, question, interview),
        leaves=question.leaves,
        fact=first.fact,
        asked=question_document(matter, asked) if asked and is_next else None,
        values=values,
        rows=rows,
        flaws=flaws,
        state=sealed(vault, interview),
        back=sealed(vault, before) if before else None,
        number=len(interview.order) + (question.fact not in interview.order),
        currencies=sorted(CURRENCIES, key=lambda code: (code not in _FIRST, code)),
        on=interview.on,
    )


#: The currencies of the plan stand before the others.
_FIRST: Final = ("CNY", "HKD", "USD")


def _rows(
    visitor: Visitor, interview: Interview, leaf: Leaf, *, more: int, is_typed: bool
) -> list[dict[str, str]]:
    """Return the rows of a list as its form shows them, with empty ones at the end."""
    if leaf.type != "list":
        return []
    kept = rows_of(visitor, leaf) if is_typed else interview.given.get(leaf.path, [])
    assert isinstance(kept, list), "a list was answered by a list"
    count = max(row_count(visitor) + more, len(kept) + bool(not is_typed), ROWS)
    return [*kept, *({} for _ in range(count - len(kept)))]


def _told(matter: Matter, question: Question, interview: Interview) -> dict[str, object]:
    line = answers_document(
        matter.policy.pack, matter.compiled, interview.given, interview.skipped, [question.fact]
    )
    return line[0]


def _answers(interview: Interview, matter: Matter) -> list[dict[str, object]]:
    return answers_document(
        matter.policy.pack,
        matter.compiled,
        interview.given,
        interview.skipped,
        interview.order,
    )
