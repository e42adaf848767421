"""One instruction as a person keyed it in: read as a row of a file is, proven, and looked at.

Must not decide; the same readers as for a file, so that a form takes nothing a file would not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qianhai import ledger
from qianhai.db import Connection
from qianhai.instructions import Instruction, Preview, Staged, Stager, Waits, answers_of
from qianhai.kernel import BadInput, Place
from qianhai.messages import Row
from qianhai.registers import record_reading
from qianhai.views import Document, accounts_named, legs_document, preview_document
from qianhai.web.visitor import Visitor

FORM: Final = "form"
_SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Looked:
    """A preview as a page shows it."""

    shown: Document
    legs: list[Document]


def instruction_of(visitor: Visitor, fields: Mapping[str, str]) -> Instruction:
    """Return the instruction that fields of a form say.

    Raises:
        BadInput: every flaw, each at its field.
    """
    house = visitor.house
    row = Row(Place(FORM), {name: text for name, text in fields.items() if text})
    policy, institution = house.policy, house.site.institution_id
    with Staged(policy, institution) as staged, house.database.transaction() as conn:
        stager = Stager(policy, conn, institution, house.keyring, visitor.at)
        stager.stage([row], staged, lambda _: None)
        flaws = stager.flaws or list(house.roads.flaws_of(staged))
        if flaws:
            raise BadInput(flaws)
        (instruction,) = staged
    return instruction


def looked(visitor: Visitor, preview: Preview, why: Waits | None) -> Looked:
    """Return a preview as a page shows it; whoever sees a person's business is written down."""
    house = visitor.house
    institution = house.site.institution_id
    subject = preview.known.subject if preview.known else ""
    with house.database.transaction() as conn:
        if subject:
            saw(visitor, conn, [subject], "desk")
        held = _held(conn, institution, preview)
        names = sorted(accounts_named(preview, held))
        specs = {one.name: one for one in preview.chain.opens} if preview.chain else {}
        for name in names:
            if name not in specs and (spec := ledger.account_spec(conn, institution, name)):
                specs[name] = spec
        stands = ledger.balances(conn, institution, names)
    legs = legs_document(preview, specs, stands, held)
    return Looked(preview_document(house.policy, preview, why), legs)


def saw(visitor: Visitor, conn: Connection, persons: list[str], purpose: str) -> None:
    """Write down that the visitor saw persons' business."""
    record_reading(
        conn,
        visitor.house.site.institution_id,
        persons,
        purpose=purpose,
        by=visitor.known.name,
        at=visitor.at,
        salts=lambda: visitor.house.site.salts(_SALT_BYTES),
    )


def _held(conn: Connection, institution: str, preview: Preview) -> tuple[ledger.Transfer, ...]:
    """Return the transfers of the hold a preview settles."""
    chain = preview.chain
    if chain is None or chain.of is None:
        return ()
    found = ledger.find_chain(conn, institution, chain.of)
    return found.transfers if found else ()


def answered(visitor: Visitor, number: str) -> Looked | None:
    """Return an answer on record as a page shows it; None where there is none to see."""
    house = visitor.house
    institution = house.site.institution_id
    with house.database.transaction() as conn:
        found, subjects = answers_of(
            conn, house.roads.home.recorder, house.policy, institution, [number]
        )
        if number not in found:
            return None
        if subjects:
            saw(visitor, conn, sorted(subjects), "answer")
    preview = Preview(found[number], None, None, None)
    return Looked(preview_document(house.policy, preview), [])
