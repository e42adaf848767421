"""The room identity: who comes in, by what proof, and what they may be.

    gate = Gate(institution_id, salts, Vault(master_key))
    result = sign_in(conn, gate, name, password, peer=address, at=now)   # SignedIn or Refused
    visit = sessions.visit(conn, gate, secret, now)                      # Visit or None

Holds users, roles, sessions, second factors, invitations and API tokens. Of each secret only a
digest is stored. It must not know a page, a cookie or what a role may see.
"""

from qianhai.identity import accounts, provided, second_factor, sessions, tokens
from qianhai.identity.model import (
    Gate,
    Refusal,
    Refused,
    Role,
    SignedIn,
    Terms,
    Token,
    User,
    Visit,
)
from qianhai.identity.sign_in import is_own_password, sign_in
from qianhai.identity.sign_in import second_factor as show_second_factor
from qianhai.identity.vault import Vault

__all__ = [
    "Gate",
    "Refusal",
    "Refused",
    "Role",
    "SignedIn",
    "Terms",
    "Token",
    "User",
    "Vault",
    "Visit",
    "accounts",
    "is_own_password",
    "provided",
    "second_factor",
    "sessions",
    "show_second_factor",
    "sign_in",
    "tokens",
]
