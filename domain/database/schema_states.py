"""What the tables are between two operations of the migrations, with models of it for whoever asks for one.

Tortoise makes the models of all tables anew before and after each operation, asked for or not: with forty tables that was
most of what a first start takes. Here an operation makes its own table's model and those that it refers to, and
`ops.RunPython` has all of them.
"""

from tortoise.fields.relational import RelationalField
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

Key = tuple[str, str]
"""App and class of a model."""


class SchemaState(State):
    """Tortoise's state of a schema; `models` says all of it."""

    def __init__(
        self, connections: dict[str, str], models: dict[Key, ModelState], *, whole: bool = False
    ) -> None:
        """`connections` are the apps' default connections; see `MadeModels.whole`."""
        self._connections_of = connections
        self.made = MadeModels(connections, models, whole=whole)
        super().__init__(models=models, apps=self.made)

    def reload_model(self, app_label: str, model_name: str) -> None:
        """Another model of this name from now on. Raises LookupError for one that is not known."""
        if (app_label, model_name) not in self.models:
            raise LookupError(f"{app_label}.{model_name} is unknown")
        self.made.forget()

    def reload_models(self, model_tuples: object) -> None:
        """Other models of these names from now on, and of what refers to them."""
        self.made.forget()

    def validate_relations_initialized(self) -> None:
        """Raises RuntimeError where a reference leads nowhere."""
        for key, model in self.models.items():
            for target in referred_by(model):
                if target not in self.models:
                    raise RuntimeError(f"{'.'.join(key)} refers to {'.'.join(target)}: unknown")

    def clone(self) -> "SchemaState":
        """The same, whatever becomes of this one."""
        models = {key: model.clone() for key, model in self.models.items()}
        return SchemaState(self._connections_of, models, whole=self.made.whole)


class MadeModels(StateApps):
    """The models that somebody has asked for since the last change of the schema."""

    def __init__(
        self, connections: dict[str, str], models: dict[Key, ModelState], *, whole: bool
    ) -> None:
        super().__init__(default_connections=connections)
        self._models = models
        self.whole = whole
        """Whether who asks for one gets all, so that it knows who refers to it."""

    def forget(self) -> None:
        """What was made is not the schema's any more."""
        self.apps.clear()

    def unregister_model(self, app_label: str, model_name: str) -> None:
        """The model is gone, and who knew it is made anew."""
        self.forget()

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        """The model by app and class, or by both in one. Raises KeyError for one that is not known."""
        key = (app_label, model_name) if model_name else self.split_reference(app_label)
        if key[1] not in self.apps.get(key[0], {}):
            self._make(key)
        return self.apps[key[0]][key[1]]

    def _make(self, key: Key) -> None:
        missing = set(self._models) if self.whole else {key}
        while missing:
            app_label, name = each = missing.pop()
            if name in self.apps.get(app_label, {}):
                continue
            self.register_model(app_label, self._models[each].render(self))
            missing |= referred_by(self._models[each])
        self._init_relations()
        self._build_initial_querysets()


def referred_by(model: ModelState) -> set[Key]:
    """The models that one refers to."""
    names = (
        each.model_name.split(".")
        for each in model.fields.values()
        if isinstance(each, RelationalField) and hasattr(each, "model_name")
    )
    return {(app_label, name) for app_label, name in names}
