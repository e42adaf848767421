"""The console's words for what the rooms name: roles and outcomes.

Messages of the catalogue; must not decide anything.
"""

from typing import Final

from qianhai.identity import Role
from qianhai.kernel import Outcome
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

PARTIES: Final = {
    PartyType.PERSON: mark("Person"),
    PartyType.ENTERPRISE: mark("Enterprise"),
    PartyType.BANK: mark("Bank"),
    PartyType.FUND: mark("Fund"),
    PartyType.INSTITUTION: mark("Institution"),
}
