"""How the ledger's books stand: each balances alone, and an account against a bank's statement."""

from collections.abc import Mapping
from pathlib import Path

from qianhai.db import Connection
from qianhai.instructions.accounts import book_of
from qianhai.kernel import BadInput, Flaw, Place, derived_id
from qianhai.ledger import Reconciled, Segregation, reconcile_account, segregation
from qianhai.messages import Shape, read
from qianhai.policy import Policy


def segregated_books(conn: Connection, policy: Policy, institution_id: str) -> Segregation:
    """Return how each book stands, and what passed between two of them otherwise than by links."""
    movements = policy.pack.movements
    links = {one.link: name for name, one in movements.books.items()} if movements else {}
    return segregation(conn, institution_id, lambda kind: book_of(policy, kind), links)


def reconciled(
    conn: Connection, institution_id: str, account: str, statement: Path, *, days: int
) -> Reconciled:
    """Hold an account against the file of an external statement.

    `days` is how far value dates may lie apart.

    Raises:
        BadInput: no such account, or every flaw of the file.
    """

    def chain_of(reference: str) -> str:
        return str(derived_id("chain", institution_id, reference))

    rows = _statement_rows(statement)
    return reconcile_account(
        conn, institution_id, account, rows, near_days=days, also_named=chain_of
    )


def _statement_rows(path: Path) -> list[tuple[Place, Mapping[str, str]]]:
    """Return the rows of a statement by their columns.

    Raises:
        BadInput: every flaw of the file.
    """
    rows, flaws = [], []
    for found in read(path, shape=Shape()):
        if isinstance(found, Flaw):
            flaws.append(found)
        else:
            rows.append((found.place, found.fields))
    if flaws:
        raise BadInput(flaws)
    return rows
