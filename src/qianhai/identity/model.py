"""What the identity room knows: roles, users, visits, tokens, and the terms they stand under.

Holds frozen values. Must not hold a connection, a clock or a secret in the clear.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from qianhai.identity.vault import Vault


class Role(StrEnum):
    """What a user may be here; one user may be several."""

    BANK_OFFICER = "bank_officer"
    APPROVER = "approver"
    PARTY = "party"
    UNIT_REVIEWER = "unit_reviewer"
    SUPERVISOR = "supervisor"
    PROGRAMME = "programme"
    POLICY_AUTHOR = "policy_author"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things last and how much is borne; parameters of the installation."""

    session_idle: timedelta = timedelta(minutes=30)
    session_whole: timedelta = timedelta(hours=10)
    #: How long the second factor is waited for.
    session_half: timedelta = timedelta(minutes=5)
    invitation: timedelta = timedelta(hours=24)
    token_days_max: int = 365
    #: Wrong passwords or codes that are borne before each further one costs a wait.
    failures_borne: int = 5
    #: The first wait; each further failure doubles it, up to the last.
    wait_first: timedelta = timedelta(seconds=30)
    wait_last: timedelta = timedelta(hours=1)
    password_length_min: int = 12
    password_length_max: int = 256
    #: How often the last sight of a session is written down.
    sight: timedelta = timedelta(seconds=60)

    def wait(self, failures: int) -> timedelta:
        """Return how long after the last of some failures nobody is let in.

        >>> Terms().wait(4), Terms().wait(5), Terms().wait(7)
        (datetime.timedelta(0), datetime.timedelta(seconds=30), datetime.timedelta(seconds=120))
        """
        if failures < self.failures_borne:
            return timedelta(0)
        doubled = min(failures - self.failures_borne, 20)
        return min(self.wait_first * (1 << doubled), self.wait_last)


@dataclass(frozen=True, slots=True)
class Gate:
    """Where people come in to one institution: its terms, its randomness, its vault."""

    institution_id: str
    salts: Callable[[int], bytes]
    vault: Vault
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True)
class User:
    """A person or a program of an institution, and what they may be."""

    id: UUID
    institution_id: str
    name: str
    title: str
    party: str | None
    language: str | None
    roles: frozenset[Role]
    has_password: bool
    has_second_factor: bool
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Visit:
    """A session that stands: whose, and whether the second factor was shown."""

    user: User
    is_whole: bool
    way: str
    began_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as its owner sees it later: everything but the token."""

    id: UUID
    label: str
    roles: frozenset[Role]
    made_at: datetime
    ends_at: datetime
    seen_at: datetime | None
    revoked_at: datetime | None


class Refusal(StrEnum):
    """Why somebody was not let in; the person is told no more than must be."""

    UNKNOWN = "unknown"
    WRONG = "wrong"
    WAIT = "wait"
    CLOSED = "closed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody was let in: the session's secret, to be handed to the browser and forgotten."""

    secret: str
    user: User
    is_whole: bool
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody was not let in; `until` is when trying again has a point."""

    why: Refusal
    until: datetime | None = None
