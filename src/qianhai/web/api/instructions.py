"""One instruction decided and booked: sent again, it is answered again and booked once."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from qianhai.identity import Role
from qianhai.instructions import Answer, Submitted
from qianhai.kernel import BadInput
from qianhai.policy import Pack
from qianhai.views import Document, decision_document, outcome_document, waits_texts
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.api.naming import refused, told
from qianhai.web.api.shapes import Decision, Said
from qianhai.web.api.strict import StrictRoute
from qianhai.web.business import submit_one
from qianhai.web.visitor import Visitor

router: Final = APIRouter(tags=["instructions"], route_class=StrictRoute)
Officer = Annotated[Visitor, allow(Role.BANK_OFFICER)]

#: The flaw of an id or key that was used before with other content.
_USED_BEFORE: Final = "I011"
#: What an answer says of this sending alone.
_OF_THE_SENDING: Final = ("repeat", "file", "line")


class InstructionIn(BaseModel):
    """An instruction as a line of JSONL states it: its business, parties and facts by name.

    Further members are parties by role and facts; objects nest them. Without an id the key is it.
    """

    model_config = ConfigDict(extra="allow")

    id: str = Field("", max_length=64)
    facility: str = Field("", max_length=200)
    action: str = Field("", max_length=200)
    of: str = Field("", max_length=64, description="The instruction a later action continues.")
    value_date: str = Field("", description="The day it counts from, YYYY-MM-DD.")


class Outcome(Decision):
    """What became of an instruction: its decision, and what the ledger said."""

    id: str
    value_date: str
    ledger_result: str
    ledger_seq: int | None
    waits: Said | None = Field(None, description="Dry only: why it would wait for a second person.")


class Waiting(BaseModel):
    """An instruction that waits for a second person: nothing is booked, and it says why."""

    id: str
    value_date: str
    waits: Said
    decision: Decision = Field(description="What it would come to now; decided again when booked.")


@router.post("/instructions", responses={200: {"model": Outcome}, 202: {"model": Waiting}})
def submit(
    visitor: Officer,
    instruction: Annotated[InstructionIn, Body()],
    idempotency_key: Annotated[str | None, Header(max_length=64)] = None,
    *,
    dry_run: Annotated[bool, Query(description="Decide as of now and book nothing.")] = False,
) -> Response:
    """Decide one instruction and, if permitted, book it: all of it or nothing.

    Sent again with the same key, id and content, the first answer is given again, because senders
    retry when an answer is lost (`Idempotent-Replayed: true`). The same key or id with other
    content is refused with 409. Above a threshold it waits for a second person: 202, and sent
    again it is answered as booked once it was approved.
    """
    row = _row(instruction, idempotency_key)
    key = idempotency_key or row["id"]
    try:
        sent = submit_one(visitor.house, row, sender=visitor.known.name, key=key, is_dry=dry_run)
    except BadInput as fault:
        if any(flaw.code == _USED_BEFORE for flaw in fault.flaws):
            raise faults.used_before(fault.flaws) from None
        raise
    answer = sent.answer
    if answer is None:
        return told(_waiting(visitor, sent), 202)
    document = outcome_document(_pack_of(visitor, answer), answer)
    for name in _OF_THE_SENDING:
        document.pop(name)
    if sent.waits is not None:
        document["waits"] = waits_texts(sent.waits)
    headers = {"Idempotent-Replayed": "true"} if answer.is_repeat else {}
    return told(document, headers=headers)


def _waiting(visitor: Visitor, sent: Submitted) -> Document:
    assert sent.preview is not None, "what waits was looked at"
    assert sent.waits is not None, "what waits has its reason"
    answer = sent.preview.answer
    return {
        "id": answer.instruction.id,
        "value_date": answer.instruction.value_on.isoformat(),
        "waits": waits_texts(sent.waits),
        "decision": decision_document(_pack_of(visitor, answer), answer.decision),
    }


def _pack_of(visitor: Visitor, answer: Answer) -> Pack:
    return visitor.house.roads.policy_on(answer.instruction.value_on).pack


def _row(instruction: InstructionIn, key: str | None) -> dict[str, Any]:
    """Return what was sent as a line of a file; without an id its key names it.

    Raises:
        BadInput: neither is there.
    """
    row = {
        name: value
        for name, value in instruction.model_dump().items()
        if value != "" or name not in InstructionIn.model_fields
    }
    row.setdefault("id", key or "")
    if not row["id"]:
        raise refused(
            "W010",
            "id",
            "",
            "an id of the sender's, or the header Idempotency-Key",
            en="give the instruction an id of yours, so that it can be sent again safely.",
            zh="请填写指令编号，或 Idempotency-Key 请求头，以便安全重发。",
        )
    return row
