"""Judged without booking: a decision, the next question, what would permit it, and which business.

Needs nothing but the pack in memory, so it answers in the server's own loop.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from qianhai.kernel import BadInput, Place
from qianhai.policy import Compiled, Matter, Policy, Values, fits_of, flatten, read_facts, what_if
from qianhai.views import ask_document, decision_document, what_if_document, which_document
from qianhai.web.access import Member
from qianhai.web.api.naming import checked_switches, day_in, find_action, told, unknown
from qianhai.web.api.shapes import DayText, Decision, FactsIn
from qianhai.web.api.strict import StrictRoute
from qianhai.web.visitor import Visitor

router: Final = APIRouter(tags=["decide"], route_class=StrictRoute)

_NAME = Field(max_length=200)
#: A day of facts has no more; a body is bounded besides.
_FACTS_MAX: Final = 1_000


class Asked(BaseModel):
    """What is asked: a business, its facts, and as of which day."""

    model_config = ConfigDict(extra="forbid")

    facility: Annotated[str, _NAME]
    action: Annotated[str, _NAME] = Field("", description="The first one if left out.")
    on: DayText | None = Field(None, description="Day to judge as of; today if left out.")
    facts: FactsIn = Field(default_factory=dict)
    switches: dict[str, str] = Field(default_factory=dict, description="Other readings.")


class Interviewed(Asked):
    """An interview as far as it went; nothing of it is kept here."""

    skipped: list[str] = Field(default_factory=list, description="Facts that nobody can tell.")


class Facts(BaseModel):
    """Facts alone, for whichever business."""

    model_config = ConfigDict(extra="forbid")

    on: DayText | None = None
    facts: FactsIn


class Span(BaseModel):
    """From where to where an amount or a day permits."""

    fact: str
    zh: str
    en: str
    is_bounded: bool
    is_steady: bool


class WhatIf(BaseModel):
    """What alone would permit it."""

    is_permitted: bool
    amounts: list[Span]
    days: list[dict[str, Any]]
    dates: list[Span]
    turns: list[dict[str, Any]]
    sole: dict[str, Any] | None


class WhatIfAnswer(BaseModel):
    """A decision, and what alone would permit it."""

    decision: Decision
    what_if: WhatIf


class Settles(BaseModel):
    """The fewest facts that give an outcome, with the answers that do."""

    outcome: str
    facts: list[str]
    answers: dict[str, Any]
    is_least: bool


class Question(BaseModel):
    """The next question: its form, the paper it is read from, and why it is asked now."""

    fact: str
    leaves: list[dict[str, Any]]
    type: str
    zh: str
    en: str
    paper: dict[str, str]
    why: dict[str, str]
    left: int


class Interview(BaseModel):
    """Where an interview stands; `next` is null when no answer would change the decision."""

    decision: Decision
    next: Question | None
    settles: list[Settles]


class Fit(BaseModel):
    """How one action stands to the facts."""

    facility: str
    action: str
    measure: int
    clause: str
    zh: str
    en: str
    outcome: str
    fails: list[dict[str, Any]]
    needs: list[dict[str, Any]]
    unread: list[str]


class Which(BaseModel):
    """The businesses facts are permitted under, and those that come near it."""

    on: str
    permits: list[Fit]
    misses: list[Fit]
    unrelated: list[dict[str, str]]


@router.post("/decide", responses={200: {"model": Decision}})
async def decide(visitor: Member, asked: Annotated[Asked, Body()]) -> Response:
    """Judge one business on its facts; books nothing."""
    policy, compiled, values, switches = _read(visitor, asked)
    standing = policy.standing(day_in(asked.on, "on") or visitor.on, switches=switches)
    decision = policy.decide(compiled, values, standing).decision
    return told(decision_document(policy.pack, decision))


@router.post("/what-if", responses={200: {"model": WhatIfAnswer}})
def permitted_if(visitor: Member, asked: Annotated[Asked, Body()]) -> Response:
    """Tell what alone would permit a business: an amount, a day, a fact."""
    policy, compiled, values, switches = _read(visitor, asked)
    standing = policy.standing(day_in(asked.on, "on") or visitor.on, switches=switches)
    matter = Matter(policy, compiled, standing)
    decision = policy.decide(compiled, values, standing).decision
    return told(
        {
            "decision": decision_document(policy.pack, decision),
            "what_if": what_if_document(matter, what_if(matter, values)),
        }
    )


@router.post("/ask", responses={200: {"model": Interview}})
def ask(visitor: Member, asked: Annotated[Interviewed, Body()]) -> Response:
    """Ask only what can still change the decision: facts so far in, the next question out."""
    policy, compiled, values, switches = _read(visitor, asked)
    for name in asked.skipped:
        if name not in compiled.facts:
            raise unknown("fact", "事实", name, compiled.facts)
    standing = policy.standing(day_in(asked.on, "on") or visitor.on, switches=switches)
    matter = Matter(policy, compiled, standing)
    return told(ask_document(matter, values, set(asked.skipped)))


@router.post("/which", responses={200: {"model": Which}})
def which(visitor: Member, asked: Annotated[Facts, Body()]) -> Response:
    """Find every business that facts are permitted under, and the nearest misses."""
    policy = visitor.house.policy
    standing = policy.standing(day_in(asked.on, "on") or visitor.on)
    fits, flaws = fits_of(policy, list(flatten(asked.facts)), standing, _place)
    if flaws:
        raise BadInput(flaws)
    return told({"on": standing.on.isoformat(), **which_document(fits)})


def _read(visitor: Visitor, asked: Asked) -> tuple[Policy, Compiled, Values, dict[str, str]]:
    """Return what is asked as the pack declares it.

    Raises:
        BadInput: a name that is not there, or facts that are wrong; all flaws at once.
    """
    policy = visitor.house.policy
    compiled = find_action(policy, asked.facility, asked.action)
    switches = checked_switches(policy, asked.switches)
    values, flaws = read_facts(compiled.facts, flatten(asked.facts), _place)
    if flaws:
        raise BadInput(flaws[:_FACTS_MAX])
    return policy, compiled, values, switches


def _place(path: str) -> Place:
    return Place("facts", None, path)
