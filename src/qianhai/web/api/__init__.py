"""Documents for programs, a file a subject; listed here, they are served below /api/v1."""

from typing import Final

from fastapi import APIRouter

from qianhai.web.api import (
    accounts,
    batches,
    decide,
    decisions,
    description,
    identity,
    instructions,
    plan,
    policy,
    problems,
    records,
    reports,
    webhooks,
)

#: Every subject's documents, in the order of the description.
SUBJECTS: Final[tuple[APIRouter, ...]] = (
    identity.router,
    decide.router,
    plan.router,
    instructions.router,
    batches.router,
    decisions.router,
    accounts.router,
    reports.router,
    records.router,
    policy.router,
    webhooks.router,
    problems.router,
    description.router,
)

__all__ = ["SUBJECTS"]
