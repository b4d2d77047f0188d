"""Columns that several tables share: time-ordered keys, and the text by which rows are found."""

from collections.abc import AsyncIterator, Iterable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.models import Model, ModelMeta
from uuid_utils.compat import uuid7

from domain.database.columns_when_read import ColumnsWhenRead
from domain.database.search_text import folded


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562, section 5.7): keys in order of creation, so that lists page by key."""
    return uuid7()


def id_after(last: UUID | None) -> UUID:
    """A new key above the last one, also where that was made by a machine whose clock is ahead."""
    made = new_id()
    return made if last is None or made > last else UUID(int=last.int + 1)


@asynccontextmanager
async def saving(row: Model) -> AsyncIterator[None]:
    """Within a transaction, the row held: what was changed of it in this block is saved at its end, by one statement.

    A column counts as changed when another value is assigned to it, not when its value is changed in place.
    """
    before = {name: getattr(row, name) for name in row._meta.fields_db_projection}
    yield
    changed = [name for name, value in before.items() if getattr(row, name) != value]
    if changed:
        await row.save(update_fields=changed)


async def save_all(rows: Sequence[Model], *names: str) -> None:
    """Within a transaction, the rows of one table held: saves these columns of each, by one statement for all.

    Tortoise's `bulk_update` compares each row's key once for each column and row, and PostgreSQL then reads whole tables.
    """
    if not rows:
        return
    meta = rows[0]._meta
    fields = [meta.fields_map[name] for name in (*names, meta.pk_attr)]
    columns = [meta.fields_db_projection[each.model_field_name] for each in fields]
    values = [
        [each.to_db_value(getattr(row, each.model_field_name), row) for each in fields]
        for row in rows
    ]
    table, key = meta.db_table, columns[-1]
    if meta.db.capabilities.dialect == "postgres":
        # ``unnest`` takes a whole column as one parameter, of any length.
        types = [each.get_for_dialect("postgres", "SQL_TYPE") for each in fields]
        given = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, start=1))
        sets = ", ".join(f'"{each}" = new."{each}"' for each in columns[:-1])
        named = ", ".join(f'"{each}"' for each in columns)
        await meta.db.execute_query(
            f'UPDATE "{table}" SET {sets} FROM unnest({given}) AS new({named})'  # noqa: S608 - names of ours
            f' WHERE "{table}"."{key}" = new."{key}"',
            [list(column) for column in zip(*values, strict=True)],
        )
    else:
        sets = ", ".join(f'"{each}" = ?' for each in columns[:-1])
        await meta.db.execute_many(
            f'UPDATE "{table}" SET {sets} WHERE "{key}" = ?',  # noqa: S608 - names of ours
            values,
        )


class UnreadComments(ModelMeta):
    """Tables without comments on their columns: Tortoise would read each one's source again, at every start."""

    @classmethod
    def __prepare__(
        cls, name: str, bases: tuple[type, ...], /, **kwargs: Any
    ) -> MutableMapping[str, object]:
        return {"_no_comments": True}


class Row(ColumnsWhenRead, Model, metaclass=UnreadComments):
    """A table with a UUIDv7 key."""

    id = fields.UUIDField(primary_key=True, default=new_id)

    class Meta:
        abstract = True


class Searchable(Model, metaclass=UnreadComments):
    """A table that is searched: `search_text` is what its rows are found by, of the columns in `SEARCHED`, folded.

    Saving a row keeps it right; a query that updates one of those columns must set it too.
    """

    SEARCHED: ClassVar[tuple[str, ...]] = ("name",)
    search_text = fields.TextField(db_default="")

    class Meta:
        abstract = True

    def _fold(self) -> None:
        self.search_text = folded(" ".join(getattr(self, each) for each in self.SEARCHED))

    async def save(
        self,
        using_db: Any = None,
        update_fields: Iterable[str] | None = None,
        force_create: bool = False,
        force_update: bool = False,
    ) -> None:
        """As Tortoise's."""
        named = None if update_fields is None else set(update_fields)
        if named is None or named & set(self.SEARCHED):
            self._fold()
            named = None if named is None else named | {"search_text"}
        await super().save(using_db, named, force_create, force_update)

    @classmethod
    def bulk_create(cls, objects: Any, *args: Any, **kwargs: Any) -> Any:
        """As Tortoise's."""
        rows = list(objects)
        for row in rows:
            row._fold()
        return super().bulk_create(rows, *args, **kwargs)


async def column(rows: Any, name: str) -> list[Any]:
    """One column of a query set, as a list."""
    return list(await rows.values_list(name, flat=True))
