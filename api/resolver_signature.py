"""How the function behind an operation looks to Strawberry: its docstring, its arguments after `info`, its type."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import strawberry
from strawberry.types import Info


def description_of(function: Callable[..., Any]) -> str:
    """Its docstring on one line: the operation's description in the schema."""
    text = inspect.getdoc(function)
    assert text, f"{function.__name__} needs a docstring: it is the description in the schema"
    return " ".join(text.split())


def _annotated(name: str, hint: Any) -> Any:
    """A mutation's one input is described by its type; other arguments say for themselves what they are."""
    if name != "input":
        return hint
    text = hint.__strawberry_definition__.description
    return Annotated[hint, strawberry.argument(description=text)]


def _signature(
    function: Callable[..., Any], returns: Any
) -> tuple[dict[str, Any], inspect.Signature]:
    """The function's own arguments after `info`, with another return type: what Strawberry reads."""
    hints = get_type_hints(function, include_extras=True)
    parameters = [
        each.replace(annotation=_annotated(each.name, hints[each.name]))
        for each in list(inspect.signature(function).parameters.values())[1:]
    ]
    info = inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)
    annotations = {"info": Info, **{each.name: each.annotation for each in parameters}}
    annotations["return"] = returns
    return annotations, inspect.Signature([info, *parameters], return_annotation=returns)


def look_like(resolver: Any, function: Callable[..., Any], returns: Any) -> None:
    """Gives a resolver the name and the arguments of the function that it calls, for Strawberry to read."""
    resolver.__name__ = function.__name__
    resolver.__doc__ = None
    resolver.__annotations__, resolver.__signature__ = _signature(function, returns)
