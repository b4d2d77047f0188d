"""The database: connecting, transactions, use cases, migrations. What the rest of `domain` needs,
by name.

The one rule: a change is made in a `use_case`, inside one `transaction()`, which also carries its
wake-ups.
"""

from domain.database.connection import connect, disconnect, healthy
from domain.database.errors import (
    Conflict,
    DatabaseUnavailable,
    DuplicateRow,
    TransactionMisuse,
    translated,
)
from domain.database.migrating import build, migrate, pending
from domain.database.sweeping import Sweep, delete_some, sweep
from domain.database.transactions import (
    Transaction,
    hold,
    hold_if_free,
    lock_row,
    lock_rows,
    snapshot,
    transaction,
)
from domain.database.turns import Queue, Work
from domain.database.use_cases import drain, in_background, use_case
from domain.database.writing import drift, make_migration

__all__ = [
    "Conflict",
    "DatabaseUnavailable",
    "DuplicateRow",
    "Queue",
    "Sweep",
    "Transaction",
    "TransactionMisuse",
    "Work",
    "build",
    "connect",
    "delete_some",
    "disconnect",
    "drain",
    "drift",
    "healthy",
    "hold",
    "hold_if_free",
    "in_background",
    "lock_row",
    "lock_rows",
    "make_migration",
    "migrate",
    "pending",
    "snapshot",
    "sweep",
    "transaction",
    "translated",
    "use_case",
]
