"""The room db: a PostgreSQL, embedded or given, its pool, transactions and migrations.

    with open_database(url=None, data_dir=Path(".data")) as database:
        with database.transaction() as conn:            # commits at the end, or rolls back
            conn.execute("select 1")
        with database.transaction(rollback=True) as conn:   # a dry run: the same road, undone
            ...

It must not know what the tables of other rooms mean; each room brings its own migration.
Only `main` reads the environment: url and folder come in as arguments.
"""

from qianhai.db.connect import Database, open_database
from qianhai.db.dump import Dumped, count_rows, dump, restore, settings_of
from qianhai.db.migrate import migrate, migrations
from qianhai.db.model import Connection, Installation, Migration, Sight, UnknownCommit
from qianhai.db.start import Server, start_server, stop_server

__all__ = [
    "Connection",
    "Database",
    "Dumped",
    "Installation",
    "Migration",
    "Server",
    "Sight",
    "UnknownCommit",
    "count_rows",
    "dump",
    "migrate",
    "migrations",
    "open_database",
    "restore",
    "settings_of",
    "start_server",
    "stop_server",
]
