"""What the codes mean: every problem, and every reason of the pack, in both languages."""

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from qianhai.web import faults
from qianhai.web.access import Anyone
from qianhai.web.api.naming import told
from qianhai.web.api.shapes import Said
from qianhai.web.api.strict import StrictRoute
from qianhai.web.faults import Turned
from qianhai.web.languages import SIMPLIFIED
from qianhai.web.site import House
from qianhai.web.visitor import Visitor

router: Final = APIRouter(tags=["codes"], route_class=StrictRoute)

#: Every problem there is, by its code.
PROBLEMS: Final[tuple[Turned, ...]] = (
    *faults.OF_STATUS.values(),
    faults.too_often(1),
    faults.not_allowed(),
    faults.bad_day(),
    faults.of_input(),
    faults.used_before(()),
    faults.unavailable(),
    faults.of_this_server(),
)


class ProblemDocument(BaseModel):
    """A kind of problem, and what to do."""

    code: str
    status: int
    title: Said
    advice: Said


class Problems(BaseModel):
    """Every kind of problem."""

    items: list[ProblemDocument]


class ReasonDocument(Said):
    """A reason of the pack's vocabulary; its words are formats that take the fields."""

    code: str
    outcome: str
    fields: list[str]


class Reasons(BaseModel):
    """Every reason, in the order in which they take precedence."""

    items: list[ReasonDocument]


@router.get("/problems", responses={200: {"model": Problems}})
def problems(visitor: Anyone) -> Response:
    """Tell every kind of problem by its code, and what to do."""
    by_code = {one.code: one for one in PROBLEMS}
    return told({"items": [_problem(visitor, by_code[code]) for code in sorted(by_code)]})


@router.get("/reasons", responses={200: {"model": Reasons}})
def reasons(visitor: Anyone) -> Response:
    """Tell every reason of a decision by its code, in both languages."""
    return told({"items": reason_documents(visitor.house)})


def reason_documents(house: House) -> list[dict[str, object]]:
    """Return every reason of the pack."""
    return [
        {
            "code": code,
            "outcome": term.outcome.value if term.outcome else "",
            "fields": list(term.args),
            "zh": term.zh,
            "en": term.en,
        }
        for code, term in house.policy.pack.vocabulary["reasons"].items()
    ]


def _problem(visitor: Visitor, one: Turned) -> dict[str, object]:
    texts = visitor.house.catalogues
    return {
        "code": one.code,
        "status": one.status.value,
        "title": {"zh": texts.text(SIMPLIFIED, one.title), "en": one.title},
        "advice": {"zh": texts.text(SIMPLIFIED, one.advice), "en": one.advice},
    }
