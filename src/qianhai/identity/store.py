"""The only SQL of the room identity.

Must not decide anything: who is let in is said in the files beside this one.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import dict_row

from qianhai.db import Connection
from qianhai.identity.model import Role, Token, User

_USER: Final = """
    select u.*, coalesce(g.roles, '{}') as roles from identity.users u
    left join lateral (select array_agg(role order by role) as roles from identity.grants
                       where user_id = u.id) g on true
"""


def _rows(conn: Connection, query: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), values).fetchall()


def _one(conn: Connection, query: str, values: Sequence[Any]) -> dict[str, Any] | None:
    found = _rows(conn, query, values)
    return found[0] if found else None


def user_of(row: Mapping[str, Any]) -> User:
    """Return the user a row of users joined with their roles is about."""
    return User(
        id=row["id"],
        institution_id=row["institution_id"],
        name=row["name"],
        title=row["title"],
        party=row["party"],
        language=row["language"],
        roles=frozenset(map(Role, row["roles"])),
        has_password=row["password_hash"] is not None,
        has_second_factor=row["totp_secret"] is not None and row["totp_at"] is not None,
        created_at=row["created_at"],
        closed_at=row["closed_at"],
    )


def users(conn: Connection, institution_id: str) -> list[User]:
    """Return the users of an institution by name."""
    found = _rows(conn, f"{_USER} where u.institution_id = %s order by u.name", [institution_id])
    return [user_of(row) for row in found]


def row_by_name(conn: Connection, institution_id: str, name: str) -> dict[str, Any] | None:
    """Return the row of a user by name, locked: attempts on one name take turns."""
    query = f"{_USER} where u.institution_id = %s and u.name = %s for update of u"
    return _one(conn, query, [institution_id, name])


def row_by_id(conn: Connection, institution_id: str, user_id: UUID) -> dict[str, Any] | None:
    """Return the row of a user by id, locked."""
    query = f"{_USER} where u.institution_id = %s and u.id = %s for update of u"
    return _one(conn, query, [institution_id, user_id])


def row_by_subject(
    conn: Connection, institution_id: str, issuer: str, subject: str
) -> dict[str, Any] | None:
    """Return the row of the user a provider knows by this subject, locked."""
    query = f"{_USER} where u.institution_id = %s and issuer = %s and subject = %s for update of u"
    return _one(conn, query, [institution_id, issuer, subject])


def has_users(conn: Connection, institution_id: str) -> bool:
    """Tell whether anybody was ever let in here; whoever makes the first user waits in line."""
    conn.execute("select pg_advisory_xact_lock(hashtext('identity.first_user'))")
    query = "select from identity.users where institution_id = %s limit 1"
    return conn.execute(query, [institution_id]).fetchone() is not None


def insert_user(conn: Connection, row: Mapping[str, Any]) -> bool:
    """Write a new user down; False when the name is taken."""
    written = conn.execute(
        "insert into identity.users (id, institution_id, name, title, party, issuer, subject,"
        " created_at) values (%(id)s, %(institution_id)s, %(name)s, %(title)s, %(party)s,"
        " %(issuer)s, %(subject)s, %(created_at)s) on conflict do nothing",
        row,
    )
    return written.rowcount == 1


#: The columns of a user that change, each with its own reason to.
_CHANGING: Final = frozenset(
    {"title", "party", "language", "password_hash", "password_at", "totp_secret", "totp_at"}
    | {"totp_step", "failures", "failed_at", "closed_at"}
)


def update_user(conn: Connection, user_id: UUID, **changes: object) -> None:
    """Change columns of one user."""
    assert changes.keys() <= _CHANGING, f"{sorted(changes)}: not what changes of a user"
    names = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in changes]
    query = sql.SQL("update identity.users set {} where id = %s").format(sql.SQL(", ").join(names))
    conn.execute(query, [*changes.values(), user_id])


def second_factors(conn: Connection, institution_id: str) -> list[tuple[UUID, bytes]]:
    """Return every secret of a second factor as it rests, locked until the transaction ends."""
    return conn.execute(
        "select id, totp_secret from identity.users where institution_id = %s"
        " and totp_secret is not null order by id for update",
        [institution_id],
    ).fetchall()


def insert_grant(
    conn: Connection, institution_id: str, user_id: UUID, role: Role, by: str, at: datetime
) -> bool:
    """Give a role; False when the user has it."""
    written = conn.execute(
        "insert into identity.grants (institution_id, user_id, role, granted_by, granted_at)"
        " values (%s, %s, %s, %s, %s) on conflict do nothing",
        [institution_id, user_id, role.value, by, at],
    )
    return written.rowcount == 1


def delete_grant(conn: Connection, user_id: UUID, role: Role) -> bool:
    """Take a role away; False when the user has it not."""
    gone = conn.execute(
        "delete from identity.grants where user_id = %s and role = %s", [user_id, role.value]
    )
    return gone.rowcount == 1


def insert_session(conn: Connection, row: Mapping[str, Any]) -> None:
    """Begin a session, and clear away those of the institution that have ended."""
    conn.execute(
        "delete from identity.sessions where institution_id = %s and ends_at <= %s",
        [row["institution_id"], row["began_at"]],
    )
    conn.execute(
        "insert into identity.sessions (digest, institution_id, user_id, stage, way, began_at,"
        " seen_at, ends_at) values (%(digest)s, %(institution_id)s, %(user_id)s, %(stage)s,"
        " %(way)s, %(began_at)s, %(began_at)s, %(ends_at)s)",
        row,
    )


def session(conn: Connection, institution_id: str, digest: bytes) -> dict[str, Any] | None:
    """Return a session with its user, whether it still stands or not."""
    return _one(
        conn,
        """
        select u.*, coalesce(g.roles, '{}') as roles, s.stage, s.way, s.began_at, s.seen_at,
               s.ends_at
        from identity.sessions s join identity.users u on u.id = s.user_id
        left join lateral (select array_agg(role order by role) as roles from identity.grants
                           where user_id = u.id) g on true
        where s.digest = %s and s.institution_id = %s
        """,
        [digest, institution_id],
    )


def see_session(conn: Connection, digest: bytes, at: datetime) -> None:
    """Write down that a session was used."""
    conn.execute("update identity.sessions set seen_at = %s where digest = %s", [at, digest])


def delete_session(conn: Connection, digest: bytes) -> bool:
    """End one session; False when it had ended."""
    gone = conn.execute("delete from identity.sessions where digest = %s", [digest])
    return gone.rowcount == 1


def delete_sessions(conn: Connection, user_id: UUID, but: bytes | None = None) -> int:
    """End the sessions of a user, all or all but one; return how many."""
    gone = conn.execute(
        "delete from identity.sessions where user_id = %s and digest is distinct from %s",
        [user_id, but],
    )
    return gone.rowcount


def put_invitation(conn: Connection, row: Mapping[str, Any]) -> None:
    """Write an invitation down in the place of the user's earlier one."""
    conn.execute("delete from identity.invitations where user_id = %s", [row["user_id"]])
    conn.execute(
        "insert into identity.invitations (digest, institution_id, user_id, made_by, made_at,"
        " ends_at) values (%(digest)s, %(institution_id)s, %(user_id)s, %(made_by)s, %(made_at)s,"
        " %(ends_at)s)",
        row,
    )


def invited(conn: Connection, institution_id: str, digest: bytes) -> tuple[UUID, datetime] | None:
    """Return whom an invitation is for and when it ends, locked."""
    return conn.execute(
        "select user_id, ends_at from identity.invitations"
        " where institution_id = %s and digest = %s for update",
        [institution_id, digest],
    ).fetchone()


def delete_invitation(conn: Connection, user_id: UUID) -> None:
    """Use up the invitation of a user."""
    conn.execute("delete from identity.invitations where user_id = %s", [user_id])


def put_recovery_codes(
    conn: Connection, institution_id: str, user_id: UUID, digests: Collection[bytes], at: datetime
) -> None:
    """Write recovery codes down in the place of the user's earlier ones."""
    conn.execute("delete from identity.recovery_codes where user_id = %s", [user_id])
    conn.execute(
        "insert into identity.recovery_codes (institution_id, user_id, digest, made_at)"
        " select %s, %s, unnest(%s::bytea[]), %s",
        [institution_id, user_id, list(digests), at],
    )


def use_recovery_code(conn: Connection, user_id: UUID, digest: bytes) -> bool:
    """Use a recovery code up; False when there is none such."""
    gone = conn.execute(
        "delete from identity.recovery_codes where user_id = %s and digest = %s", [user_id, digest]
    )
    return gone.rowcount == 1


def recovery_codes_left(conn: Connection, user_id: UUID) -> int:
    """Return how many recovery codes of a user are not used."""
    row = conn.execute(
        "select count(*) from identity.recovery_codes where user_id = %s", [user_id]
    ).fetchone()
    assert row is not None, "an aggregate has one row"
    return int(row[0])


def insert_token(conn: Connection, row: Mapping[str, Any]) -> None:
    """Write an API token down by its digest."""
    conn.execute(
        "insert into identity.tokens (id, institution_id, user_id, digest, label, roles, made_at,"
        " ends_at) values (%(id)s, %(institution_id)s, %(user_id)s, %(digest)s, %(label)s,"
        " %(roles)s, %(made_at)s, %(ends_at)s)",
        row,
    )


def tokens(conn: Connection, user_id: UUID) -> list[Token]:
    """Return the tokens of a user, the newest first."""
    query = "select * from identity.tokens where user_id = %s order by made_at desc, id"
    return [
        Token(
            id=row["id"],
            label=row["label"],
            roles=frozenset(map(Role, row["roles"])),
            made_at=row["made_at"],
            ends_at=row["ends_at"],
            seen_at=row["seen_at"],
            revoked_at=row["revoked_at"],
        )
        for row in _rows(conn, query, [user_id])
    ]


def token(conn: Connection, institution_id: str, digest: bytes) -> dict[str, Any] | None:
    """Return a token with its user, whether it still stands or not."""
    return _one(
        conn,
        """
        select u.*, coalesce(g.roles, '{}') as roles, t.id as token_id, t.roles as token_roles,
               t.ends_at, t.seen_at, t.revoked_at
        from identity.tokens t join identity.users u on u.id = t.user_id
        left join lateral (select array_agg(role order by role) as roles from identity.grants
                           where user_id = u.id) g on true
        where t.digest = %s and t.institution_id = %s
        """,
        [digest, institution_id],
    )


def see_token(conn: Connection, token_id: UUID, at: datetime) -> None:
    """Write down that a token was used."""
    conn.execute("update identity.tokens set seen_at = %s where id = %s", [at, token_id])


def revoke_tokens(conn: Connection, user_id: UUID, token_id: UUID | None, at: datetime) -> int:
    """Revoke one token of a user, or all; return how many stood."""
    gone = conn.execute(
        "update identity.tokens set revoked_at = %s where user_id = %s"
        " and id = coalesce(%s, id) and revoked_at is null",
        [at, user_id, token_id],
    )
    return gone.rowcount


def insert_attempt(conn: Connection, row: Mapping[str, Any], at: datetime) -> None:
    """Remember a visit to the provider, and forget those that were never answered."""
    conn.execute("delete from identity.oidc_attempts where ends_at <= %s", [at])
    conn.execute(
        "insert into identity.oidc_attempts (state_digest, institution_id, browser_digest, nonce,"
        " verifier, then_to, ends_at) values (%(state_digest)s, %(institution_id)s,"
        " %(browser_digest)s, %(nonce)s, %(verifier)s, %(then_to)s, %(ends_at)s)",
        row,
    )


def take_attempt(
    conn: Connection, institution_id: str, state_digest: bytes, browser_digest: bytes
) -> dict[str, Any] | None:
    """Return the visit to the provider an answer belongs to, once."""
    return _one(
        conn,
        "delete from identity.oidc_attempts where institution_id = %s and state_digest = %s"
        " and browser_digest = %s returning nonce, verifier, then_to, ends_at",
        [institution_id, state_digest, browser_digest],
    )
