"""Pages for people, a file a subject; listed here, they are served and stand in the navigation."""

from typing import Final

from qianhai.web.pages import (
    account,
    administration,
    approvals,
    desk,
    health,
    home,
    journal,
    limits,
    navigator,
    plan,
    policy,
    provider,
    runs,
    sign_in,
    thresholds,
    works,
)
from qianhai.web.pages.subject import Subject

#: Every subject's pages.
SUBJECTS: Final[tuple[Subject, ...]] = (
    health.subject,
    sign_in.subject,
    provider.subject,
    home.subject,
    navigator.subject,
    plan.subject,
    account.subject,
    limits.subject,
    policy.subject,
    journal.subject,
    administration.subject,
    desk.subject,
    runs.subject,
    approvals.subject,
    thresholds.subject,
    works.subject,
)

__all__ = ["SUBJECTS", "Subject"]
