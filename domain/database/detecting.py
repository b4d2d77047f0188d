"""What the models declare, as columns and constraints alone, to be compared with the migrations.

Migrations outlive the code that they were made from. One that names an enum or a default function
of the domain breaks, or quietly changes its meaning, when that is renamed, and
old migrations run again on every new database. So descriptions, Python defaults and enum classes
are taken away before anything is compared or written; the database does not know them anyway.
"""

from collections.abc import Iterable
from copy import copy
from enum import Enum
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.fields.base import Field
from tortoise.fields.data import CharEnumFieldInstance, IntEnumFieldInstance
from tortoise.fields.relational import (
    ForeignKeyFieldInstance,
    ManyToManyFieldInstance,
    RelationalField,
)
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.operations import (
    AddConstraint,
    AlterModelOptions,
    CreateModel,
    Operation,
    RemoveConstraint,
    RenameConstraint,
    RenameModel,
)
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.writer import ImportManager, MigrationWriter, _render_call

from domain.database.connection import APP
from domain.database.schema_editors import MigrationFailed
from domain.database.schema_states import SchemaState

ALIAS = "migrating"
"""Not the server's connection: historical models must not be taken for today's."""

_TORTOISE_DEFAULTS: dict[str, Any] = {
    "auto_now": False,
    "auto_now_add": False,
    "db_constraint": True,
}


def nothing() -> SchemaState:
    """The schema before the first migration."""
    return SchemaState({APP: ALIAS}, {})


def declared(context: TortoiseContext) -> State:
    """The schema that the models of this context describe."""
    return Autodetector(context, None)._current_state()


class Autodetector(MigrationAutodetector):
    """Tortoise's, on plain columns, and with named constraints compared by what they say.

    Tortoise takes two constraints over the same columns for one that was renamed, whatever their
    conditions. It does not notice another name of a table, cannot go on after the rename of a class
    with references, and drops the values of a renamed reference: these are refused here.
    """

    def __init__(self, context: TortoiseContext, migrations: str | None) -> None:
        assert context.apps is not None
        apps = {APP: {"default_connection": ALIAS, "migrations": migrations}}
        super().__init__(context.apps, apps)
        self._before: State = nothing()
        self._after: State = nothing()

    async def changes(self) -> list[MigrationWriter]:
        writers = await super().changes()
        gone: list[Operation] = []
        new: list[Operation] = []
        for key, after in self._after.models.items():
            before = self._before.models.get(key)
            if before is None:
                continue
            if before.table != after.table:
                raise MigrationFailed(f"{after.name}: the table {before.table} cannot be renamed")
            _refuse_renamed_reference(before, after)
            old_ones, new_ones = (tuple(m.options.get("constraints", ())) for m in (before, after))
            gone += [
                RemoveConstraint(after.name, name=each.name)
                for each in old_ones
                if each not in new_ones
            ]
            new += [AddConstraint(after.name, each) for each in new_ones if each not in old_ones]
        ours = [_Writer.of(writer, gone, new) for writer in writers]
        return [writer for writer in ours if writer.operations]

    def _current_state(self) -> State:
        self._after = super()._current_state()
        _make_plain(self._after)
        return self._after

    async def _project_state(self) -> State:
        self._before = await super()._project_state()
        _make_plain(self._before)
        return self._before


class _Writer(MigrationWriter):
    """Writes what the database needs to know, nothing else."""

    @classmethod
    def of(cls, other: MigrationWriter, gone: list[Operation], new: list[Operation]) -> "_Writer":
        """With these changes of named constraints in the place of its own."""
        kept = [_tidied(each) for each in other.operations if not _of_named_constraint(each)]
        return cls(
            other.name,
            other.app_label,
            [*gone, *kept, *new],
            dependencies=other.dependencies,
            initial=other.initial,
            migrations_module=other.migrations_module,
        )

    def _render_field(self, field: Any, imports: ImportManager) -> str:
        path, arguments, named = field.deconstruct()
        if field.pk:
            named.pop("unique", None)
            named.pop("db_index", None)
        if field.pk and isinstance(
            field, (fields.SmallIntField, fields.IntField, fields.BigIntField)
        ):
            named["generated"] = field.generated
        for name in ("default", "encoder", "decoder"):
            named.pop(name, None)
        for name, value in _TORTOISE_DEFAULTS.items():
            if named.get(name) == value:
                del named[name]
        return _render_call(path, arguments, named, imports)


def _of_named_constraint(operation: Operation) -> bool:
    if isinstance(operation, AddConstraint):
        return operation.constraint.name is not None
    if isinstance(operation, RemoveConstraint):
        return operation.name is not None
    return isinstance(operation, RenameConstraint)


def _refuse_renamed_reference(before: ModelState, after: ModelState) -> None:
    """It would be dropped with its values and added without them."""
    for old_name, old in before.fields.items():
        for new_name, new in after.fields.items():
            if (
                isinstance(old, ForeignKeyFieldInstance)
                and isinstance(new, ForeignKeyFieldInstance)
                and old_name not in after.fields
                and new_name not in before.fields
                and old.model_name == new.model_name
            ):
                raise MigrationFailed(
                    f"{after.name}.{old_name} and .{new_name}: add, copy and drop in three migrations"
                )


def _tidied(operation: Operation) -> Operation:
    if isinstance(operation, RenameModel):
        raise MigrationFailed(
            f"{operation.old_name}: to rename the class, rename it in the migrations as well"
        )
    if isinstance(operation, CreateModel):
        operation.bases = None
    if isinstance(operation, AlterModelOptions):
        # indexes and constraints have operations of their own; here they would be applied twice
        managed = AlterModelOptions.UNMANAGED_OPTION_KEYS - {"table", "app"}
        operation.options = {
            key: value for key, value in operation.options.items() if key not in managed
        }
    return operation


def _make_plain(state: State) -> None:
    for model in state.models.values():
        model.options.pop("table_description", None)
        model.description = ""
        if not all(constraint.name for constraint in model.options.get("constraints", ())):
            raise MigrationFailed(f"{model.name}: a constraint needs a name")
        model.fields = {name: _plain(field) for name, field in model.fields.items()}


def _plain(field: Field[Any]) -> Field[Any]:
    plain: Field[Any]
    if isinstance(field, ManyToManyFieldInstance):
        raise MigrationFailed(f"{field.model_field_name}: write the joining table as a model")
    if isinstance(field, CharEnumFieldInstance):
        plain = fields.CharField(max_length=field.max_length)
    elif isinstance(field, IntEnumFieldInstance):
        plain = fields.SmallIntField()
    else:
        plain = copy(field)
    _copy_attributes(
        field, plain, ("model_field_name", "model", "source_field", "null", "unique", "index")
    )
    if field.has_db_default():
        default = field.db_default
        plain.db_default = default.value if isinstance(default, Enum) else default
    plain.description = None
    if not isinstance(field, RelationalField):
        plain.default = None
    return plain


def _copy_attributes(source: object, target: object, names: Iterable[str]) -> None:
    for name in names:
        if hasattr(source, name):
            setattr(target, name, getattr(source, name))
