"""The console's words for what the rooms name: roles, outcomes, how a clause stands.

Messages of the catalogue; must not decide anything.
"""

from typing import Final

from qianhai.identity import Role
from qianhai.kernel import Outcome
from qianhai.ledger import Result
from qianhai.registers import PartyType
from qianhai.web.messages import mark

ROLES: Final = {
    Role.BANK_OFFICER: mark("Bank officer"),
    Role.APPROVER: mark("Approver"),
    Role.PARTY: mark("Party"),
    Role.UNIT_REVIEWER: mark("Reviewer of a unit"),
    Role.SUPERVISOR: mark("Supervisor"),
    Role.PROGRAMME: mark("Programme office"),
    Role.POLICY_AUTHOR: mark("Policy author"),
    Role.AUDITOR: mark("Auditor"),
    Role.ADMINISTRATOR: mark("Administrator"),
}

#: Each outcome: its word, the tone it is shown in, and the sign that stands for the tone in print.
OUTCOMES: Final = {
    Outcome.PERMITTED: (mark("Permitted"), "good", "✓"),
    Outcome.ORDINARY: (mark("By the ordinary papers"), "plain", "○"),
    Outcome.REGISTER_FIRST: (mark("Register first"), "plain", "◇"),
    Outcome.REFERRED: (mark("Referred to a person"), "warn", "△"),
    Outcome.INCOMPLETE: (mark("Incomplete"), "warn", "…"),
    Outcome.REFUSED: (mark("Refused"), "bad", "✕"),
}

#: How a clause or a measure stands: its word, and the sign that stands for its colour.
STANDS: Final = {
    "in_force": (mark("In force"), "●"),
    "pilot": (mark("Pilot"), "◐"),
    "supported": (mark("Supported"), "◇"),
    "proposed": (mark("Proposed"), "○"),
    "duty": (mark("Duty"), "▭"),
    "not_yet": (mark("Not yet"), "·"),
}
#: Where a value of the regulation was taken from, and so how sure it is.
CONFIDENCE: Final = {
    "page": mark("Read on the official page"),
    "plan": mark("Stated by the plan"),
    "design": mark("Chosen by this system"),
    "memory-sure": mark("From memory, sure"),
    "memory-unsure": mark("From memory, unsure; decides nothing"),
}
#: Who it is that knows a fact.
KNOWN_BY: Final = {
    "sender": mark("You say it"),
    "register": mark("From the registers"),
    "ledger": mark("From the ledger"),
    "calendar": mark("From the calendar"),
    "continued": mark("From the business continued"),
}
#: Over which time a limit counts.
WINDOWS: Final = {
    "outstanding": mark("outstanding"),
    "day": mark("each day"),
    "year": mark("each year"),
    "lifetime": mark("in all"),
}
PARTIES: Final = {
    PartyType.PERSON: mark("Person"),
    PartyType.ENTERPRISE: mark("Enterprise"),
    PartyType.BANK: mark("Bank"),
    PartyType.FUND: mark("Fund"),
    PartyType.INSTITUTION: mark("Institution"),
}
#: What the ledger said of what it was asked to post.
LEDGER: Final = {
    Result.POSTED: mark("In the books"),
    Result.ID_CONFLICT: mark("Id used for other content"),
    Result.STALE: mark("Balance changed meanwhile"),
    Result.HOLD_NOT_FOUND: mark("No such hold"),
    Result.HOLD_RESOLVED: mark("Hold settled before"),
    Result.HOLD_EXPIRED: mark("Hold expired"),
    Result.HOLD_EXCEEDED: mark("More than is held"),
    Result.ORIGINAL_NOT_FOUND: mark("Nothing to reverse"),
    Result.ORIGINAL_REVERSED: mark("Reversed before"),
    Result.ASSET_SCALE: mark("Decimals of the asset"),
    Result.ASSET_DIFFERS: mark("Asset on record differs"),
    Result.ACCOUNT_DIFFERS: mark("Account on record differs"),
    Result.ACCOUNT_UNKNOWN: mark("Account not open"),
    Result.ACCOUNT_CLOSED: mark("Account closed"),
    Result.ASSET_MISMATCH: mark("Assets of a leg differ"),
    Result.SAME_ACCOUNT: mark("A leg within one account"),
    Result.AMOUNT_NOT_POSITIVE: mark("Amount is not positive"),
    Result.OVERFLOW: mark("Number too large"),
    Result.LIMIT_PASSED: mark("Limit passed"),
    Result.CEILING_PASSED: mark("Ceiling of the account passed"),
    Result.FLOOR_PASSED: mark("Not enough available"),
    Result.ACCOUNT_NOT_EMPTY: mark("Account not empty"),
}
