"""The forms of documents that several subjects of the API give; they are described, not computed.

Must not hold a route.
"""

from typing import Annotated, Any

from pydantic import BaseModel, Field

#: A day as it is written in a request.
DayText = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d{2}-\d{2}$", json_schema_extra={"format": "date"}),
]
#: Facts by name; an object nests them, and every exact figure is a text.
FactsIn = Annotated[dict[str, Any], Field(description="Facts by name; figures and days as texts.")]


class Said(BaseModel):
    """A text in both languages."""

    zh: str
    en: str


class Reason(Said):
    """Why: a code of the pack's vocabulary, its clause, its words and the figures in them."""

    code: str = Field(description="See the schema ReasonCode.")
    clause: str
    data: dict[str, str]


class Condition(BaseModel):
    """A condition that was judged: true, false or unknown."""

    id: str
    value: Any = Field(description="true, false, or unknown")
    clause: str
    basis: str


class Missing(BaseModel):
    """A fact that could still change the answer, and the paper it comes from."""

    fact: str
    document: str


class LimitUse(BaseModel):
    """What a limit had, what was asked of it, and what is left; null is not known."""

    id: str
    asset: str | None
    cap: str | None
    used: str | None
    asked: str | None
    left: str | None


class PackOf(BaseModel):
    """The pack that decided."""

    version: str
    hash: str


class Decision(BaseModel):
    """A decision whole: outcome, reasons, every condition and limit."""

    facility: str
    action: str
    measure: int | None
    clause: str
    on: str
    outcome: str = Field(
        description="refused, referred, register_first, ordinary, permitted or incomplete"
    )
    reasons: list[Reason]
    conditions: list[Condition]
    missing: list[Missing]
    limits: list[LimitUse]
    other_way: Said | None = None
    documents: list[str]
    reports: list[str]
    alerts: list[str]
    pack: PackOf


class FlawDocument(BaseModel):
    """One mistake of what was sent: where, what was found, what was expected, what to do."""

    code: str
    file: str = ""
    line: int | None = None
    column: str | None = None
    value: str = ""
    expected: str = ""
    en: str
    zh: str


class Problem(BaseModel):
    """A problem of RFC 9457: what happened, what to do, and the number to name it by."""

    type: str = Field(examples=["/api/v1/problems#bad_input"])
    title: str
    status: int
    detail: str
    instance: str = Field(examples=["urn:reference:MFRGGZDF"])
    code: str = Field(examples=["bad_input"])
    flaws: list[FlawDocument] | None = None


class Page(BaseModel):
    """A page of a list; `next` is the cursor of the one after it, null after the last."""

    next: str | None
