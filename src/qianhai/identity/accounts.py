"""Users and what they may be: made, invited, given roles, closed; their passwords.

Every change is written into the journal with who made it. Must not decide who may change what,
but for one thing: nobody changes their own roles.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from qianhai.db import Connection
from qianhai.identity import sessions, store
from qianhai.identity.model import Gate, Role, User
from qianhai.identity.passwords import SALT_BYTES, hashed, password_flaws
from qianhai.identity.record import note
from qianhai.identity.vault import SECRET_BYTES, digest_of, secret_text
from qianhai.kernel import BadInput, Flaw, Place, uuid7

_ID_BYTES = 10


def create(
    conn: Connection,
    gate: Gate,
    *,
    name: str,
    title: str,
    roles: Collection[Role],
    party: str | None = None,
    provider: tuple[str, str] | None = None,
    by: str,
    at: datetime,
) -> User:
    """Make a user with roles, and nothing yet that lets them in.

    Raises:
        BadInput: the name is taken or has another form, or a party's role has no party.
    """
    flaws = _user_flaws(name, roles, party)
    if flaws:
        raise BadInput(flaws)
    issuer, subject = provider or (None, None)
    user_id = uuid7(at, gate.salts(_ID_BYTES))
    row = {
        "id": user_id,
        "institution_id": gate.institution_id,
        "name": name,
        "title": title or name,
        "party": party or None,
        "issuer": issuer,
        "subject": subject,
        "created_at": at,
    }
    if not store.insert_user(conn, row):
        raise BadInput([_name_taken(name)])
    for role in sorted(roles):
        store.insert_grant(conn, gate.institution_id, user_id, role, by, at)
    body = {"roles": sorted(roles), "by": by, "party": row["party"]}
    note(conn, gate, "user_created", name, body, at)
    return user(conn, gate, user_id)


def user(conn: Connection, gate: Gate, user_id: UUID) -> User:
    """Return a user who is known to be there."""
    row = store.row_by_id(conn, gate.institution_id, user_id)
    assert row is not None, "the user is there"
    return store.user_of(row)


def user_by_id(conn: Connection, gate: Gate, user_id: UUID) -> User | None:
    """Return a user of this institution, if there is one of this id."""
    row = store.row_by_id(conn, gate.institution_id, user_id)
    return store.user_of(row) if row else None


def users(conn: Connection, gate: Gate) -> list[User]:
    """Return the users of the institution by name."""
    return store.users(conn, gate.institution_id)


def set_roles(
    conn: Connection, gate: Gate, user_id: UUID, roles: Collection[Role], *, by: User, at: datetime
) -> None:
    """Give a user exactly these roles; each that is new or gone is an act of its own.

    Raises:
        BadInput: the user is the one who asks, or a party's role has no party.
    """
    found = user(conn, gate, user_id)
    if found.id == by.id:
        raise BadInput([_own_roles()])
    if Role.PARTY in roles and not found.party:
        raise BadInput([_no_party()])
    for role in sorted(set(roles) - found.roles):
        store.insert_grant(conn, gate.institution_id, user_id, role, by.name, at)
        note(conn, gate, "role_granted", found.name, {"role": role, "by": by.name}, at)
    for role in sorted(found.roles - set(roles)):
        store.delete_grant(conn, user_id, role)
        note(conn, gate, "role_withdrawn", found.name, {"role": role, "by": by.name}, at)
    if set(roles) != found.roles:
        sessions.end_others(conn, user_id)


def invite(conn: Connection, gate: Gate, user_id: UUID, *, by: str, at: datetime) -> str:
    """Return the secret of a link by which a user chooses a password, once and in time."""
    found = user(conn, gate, user_id)
    secret = secret_text(gate.salts(SECRET_BYTES))
    row = {
        "digest": digest_of(secret),
        "institution_id": gate.institution_id,
        "user_id": user_id,
        "made_by": by,
        "made_at": at,
        "ends_at": at + gate.terms.invitation,
    }
    store.put_invitation(conn, row)
    note(conn, gate, "invited", found.name, {"by": by}, at)
    return secret


def invited(conn: Connection, gate: Gate, secret: str, at: datetime) -> User | None:
    """Return whom an invitation is for, while it stands."""
    found = store.invited(conn, gate.institution_id, digest_of(secret))
    if found is None or at >= found[1]:
        return None
    invitee = user(conn, gate, found[0])
    return None if invitee.closed_at else invitee


def accept(
    conn: Connection, gate: Gate, invitee: User, password: str, again: str, at: datetime
) -> None:
    """Set the password an invited user chose, and use the invitation up.

    Raises:
        BadInput: the password cannot be taken, with every reason.
    """
    set_password(conn, gate, invitee, password, again, at)
    store.delete_invitation(conn, invitee.id)


def set_password(
    conn: Connection,
    gate: Gate,
    owner: User,
    password: str,
    again: str,
    at: datetime,
    *,
    session: str | None = None,
) -> None:
    """Set a user's password and end their other sessions.

    Raises:
        BadInput: the password cannot be taken, with every reason.
    """
    flaws = password_flaws(password, again, owner.name, gate.terms)
    if flaws:
        raise BadInput(flaws)
    store.update_user(
        conn,
        owner.id,
        password_hash=hashed(password, gate.salts(SALT_BYTES)),
        password_at=at,
        failures=0,
        failed_at=None,
    )
    sessions.end_others(conn, owner.id, session)
    note(conn, gate, "password_set", owner.name, {}, at)


def close(conn: Connection, gate: Gate, user_id: UUID, *, by: User, at: datetime) -> None:
    """Let a user in no more: sessions end, tokens are revoked, the name stays taken.

    Raises:
        BadInput: the user is the one who asks.
    """
    found = user(conn, gate, user_id)
    if found.id == by.id:
        raise BadInput([_own_roles()])
    store.update_user(conn, user_id, closed_at=at)
    store.delete_invitation(conn, user_id)
    store.revoke_tokens(conn, user_id, None, at)
    sessions.end_others(conn, user_id)
    note(conn, gate, "user_closed", found.name, {"by": by.name}, at)


def reopen(conn: Connection, gate: Gate, user_id: UUID, *, by: User, at: datetime) -> None:
    """Let a closed user in again."""
    found = user(conn, gate, user_id)
    store.update_user(conn, user_id, closed_at=None, failures=0, failed_at=None)
    note(conn, gate, "user_reopened", found.name, {"by": by.name}, at)


def first_user(conn: Connection, gate: Gate, at: datetime) -> tuple[User, str] | None:
    """Make the first administrator of an institution without users, with their invitation."""
    if store.has_users(conn, gate.institution_id):
        return None
    roles = (Role.ADMINISTRATOR,)
    made = create(conn, gate, name="admin", title="Administrator", roles=roles, by="system", at=at)
    return made, invite(conn, gate, made.id, by="system", at=at)


def _user_flaws(name: str, roles: Collection[Role], party: str | None) -> list[Flaw]:
    flaws = []
    if not _is_plain(name):
        flaws.append(
            _flaw(
                "I111",
                "name",
                name,
                "2 to 63 of a-z, 0-9, dot, dash, underscore, at",
                "Write the name in 2 to 63 small letters, digits, dots, dashes or underscores.",
                "用户名为2至63个小写字母、数字、点、横线或下划线，请重新填写。",
            )
        )
    if Role.PARTY in roles and not party:
        flaws.append(_no_party())
    return flaws


def _is_plain(name: str) -> bool:
    """Tell whether a name can be a user's; the table holds the same.

    >>> _is_plain("wang.li"), _is_plain("Wang"), _is_plain("w")
    (True, False, False)
    """
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789")
    return 2 <= len(name) <= 63 and name[0] in allowed and set(name) <= allowed | set("._@-")  # noqa: PLR2004


def _name_taken(name: str) -> Flaw:
    return _flaw(
        "I112",
        "name",
        name,
        "a name nobody has here",
        "Choose another name: somebody has this one, or had it.",
        "该用户名已被使用，请另选。",
    )


def _own_roles() -> Flaw:
    return _flaw(
        "I113",
        "roles",
        "",
        "another administrator",
        "Ask another administrator: nobody changes their own roles or closes their own account.",
        "请由另一位管理员办理：任何人不得变更自己的角色或停用自己的账户。",
    )


def _no_party() -> Flaw:
    return _flaw(
        "I114",
        "party",
        "",
        "a party on the register",
        "Name the party whose business a user of the role `party` sees.",
        "“主体”角色须指明其所属主体编号，请填写。",
    )


def _flaw(code: str, field: str, value: str, expected: str, en: str, zh: str) -> Flaw:
    return Flaw(code, Place("form", column=field), value, expected, en, zh)
