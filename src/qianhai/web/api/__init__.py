"""Documents for programs, a file a subject; listed here, they are served below /api/v1."""

from typing import Final

from fastapi import APIRouter

from qianhai.web.api import identity

#: Every subject's documents, in the order of the description.
SUBJECTS: Final[tuple[APIRouter, ...]] = (identity.router,)

__all__ = ["SUBJECTS"]
