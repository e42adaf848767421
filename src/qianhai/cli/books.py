"""`qianhai ledger books`: each book balances alone, and money crossed from one by links only."""

import click

from qianhai.cli.app import App
from qianhai.cli.balances import FIGURES, as_json, figure_columns
from qianhai.instructions import segregated_books
from qianhai.kernel import BrokenIntegrity
from qianhai.ledger import BookLine
from qianhai.views import book_documents, grouped


@click.command("books")
@as_json
@click.pass_obj
def books(app: App, _json: bool) -> None:
    """Prove that each book (onshore, offshore, free trade, client money) balances alone.

    各账册单独平衡。
    """
    with app.database() as database, database.transaction() as conn:
        found = segregated_books(conn, app.policy, app.site.institution_id)
    if app.is_json and not found.flaws:
        app.print_document({"is_even": True, "lines": book_documents(found.lines)})
    if not app.is_json:
        _print_books(app, found.lines)
    if found.flaws:
        raise BrokenIntegrity(list(found.flaws))


def _print_books(app: App, lines: tuple[BookLine, ...]) -> None:
    movements = app.policy.pack.movements
    names = {
        name: app.say(book.zh, book.en)
        for name, book in (movements.books if movements else {}).items()
    }
    app.print_table(
        app.say("各账册", "Books"),
        [
            (app.say("账册", "book"), ""),
            (app.say("资产", "asset"), ""),
            *figure_columns(app),
        ],
        [
            [
                names.get(str(one["book"]), str(one["book"])),
                str(one["asset"]),
                str(one["accounts"]),
                *(grouped(str(one[name])) for name in FIGURES),
            ]
            for one in book_documents(lines)
        ],
    )
    if not lines:
        click.echo(app.say("账本中还没有账户", "the ledger has no accounts yet"))
