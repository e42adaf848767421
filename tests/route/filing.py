"""A bank's records for tests: read, corrected, and returned with their proof."""

import secrets
from collections.abc import Mapping

from qianhai.db import Connection
from qianhai.instructions import Cover, Records, Return, Returns, Version
from qianhai.registers import Keyring
from route.desk import Desk

PERIOD = "2025-06"


def cover() -> Cover:
    return Cover("local", Keyring(bytes(32)), secrets.token_bytes)


def records(desk: Desk) -> Records:
    return Records(desk.road.policy, "local", cover(), secrets.token_bytes)


def returns(desk: Desk) -> Returns:
    return Returns(desk.road.policy, "local", cover())


def correct(
    desk: Desk, conn: Connection, number: str, kind: str, stated: Mapping[str, str]
) -> Version:
    return records(desk).correct(
        conn, number, kind, stated, why="the client said so", by="lin", at=desk.now()
    )


def versions(desk: Desk, number: str, kind: str) -> list[Version]:
    with desk.database.transaction() as conn:
        return [one for one in records(desk).of(conn, number) if one.kind == kind]


def returned(desk: Desk, kind: str, period: str = PERIOD) -> Return:
    with desk.database.transaction() as conn:
        return returns(desk).one(conn, kind, period)
