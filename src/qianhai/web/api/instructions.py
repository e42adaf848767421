"""One instruction decided and booked: sent again, it is answered again and booked once."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from qianhai.identity import Role
from qianhai.kernel import BadInput
from qianhai.views import outcome_document
from qianhai.web import faults
from qianhai.web.access import allow
from qianhai.web.api.naming import refused, told
from qianhai.web.api.shapes import Decision
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


@router.post("/instructions", responses={200: {"model": Outcome}})
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
    content is refused with 409.
    """
    row = _row(instruction, idempotency_key)
    key = idempotency_key or row["id"]
    try:
        answer = submit_one(visitor.house, row, sender=visitor.known.name, key=key, is_dry=dry_run)
    except BadInput as fault:
        if any(flaw.code == _USED_BEFORE for flaw in fault.flaws):
            raise faults.used_before(fault.flaws) from None
        raise
    policy = visitor.house.roads.policy_on(answer.instruction.value_on)
    document = outcome_document(policy.pack, answer)
    for name in _OF_THE_SENDING:
        document.pop(name)
    headers = {"Idempotent-Replayed": "true"} if answer.is_repeat else {}
    return told(document, headers=headers)


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
