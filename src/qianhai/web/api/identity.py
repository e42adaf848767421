"""Who a token stands for."""

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from qianhai.identity import Role
from qianhai.web.access import Member

router: Final = APIRouter(tags=["identity"])


class Me(BaseModel):
    """The user a token stands for, and what it may be here."""

    name: str = Field(examples=["wang.li"])
    title: str = Field(examples=["Wang Li"])
    institution_id: str = Field(examples=["local"])
    party: str | None = Field(examples=[None])
    roles: list[Role] = Field(examples=[["bank_officer"]])


@router.get("/me")
def me(visitor: Member) -> Me:
    """Tell whom the token stands for."""
    user = visitor.known
    return Me(
        name=user.name,
        title=user.title,
        institution_id=user.institution_id,
        party=user.party,
        roles=sorted(user.roles),
    )
