"""Every operation is declared here with who may call it, and permitted in this one place before any service runs.

What an operation shows may be less for some than for others: that is asked where it is shown, with the same role table
(`Context.may`, and `Site` with the standing that it was permitted by).

No operation can be without a rule: `query`, `mutation` and `subscription` demand one, and the schema is assembled from what
they made. A subscription asks its rule again whenever the caller's standing may have changed.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from functools import partial
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, Optional, Protocol, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry
from strawberry import UNSET
from strawberry.tools import create_type
from strawberry.types import Info
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from api.audience import actors, roles
from api.context import Call, Context, caller_of
from api.loaders import Loaders
from api.resolver_signature import description_of, look_like
from api.schema.errors import COMMON, Error, error_of
from api.schema.growth import GROWS
from api.streams import while_permitted
from domain.actors import AccountActor, Caller, InvitedDeviceActor, LockActor, TokenActor
from domain.errors import NotAllowed, NotFound, NotSignedIn, Refusal
from domain.locks.identities import refreshed
from domain.node_ids import read_node_id
from domain.people.rules import Permission, allows
from domain.people.standings import standing_at

Arguments = dict[str, Any]


class Rule(Protocol):
    """Who may call: returns the caller for the services. Raises NotSignedIn, NotAllowed, NotFound."""

    @property
    def who(self) -> str:
        """The same in the schema's words, to go on behind "For"."""

    async def permit(self, context: Context, arguments: Arguments) -> Caller: ...


class Anyone:
    """Open to everybody; what the operation takes is its own proof."""

    who = "anyone"

    async def permit(self, context: Context, arguments: Arguments) -> Caller:
        return caller_of(context)


@dataclass(frozen=True)
class SignedIn:
    """Whoever has signed in, as one of these kinds of actors."""

    kinds: tuple[type, ...]

    @property
    def who(self) -> str:
        return actors(self.kinds)

    async def permit(self, context: Context, arguments: Arguments) -> Caller:
        if not isinstance(context.actor, self.kinds):
            if context.actor is None:
                raise NotSignedIn
            raise NotAllowed("This is not for this kind of caller.")
        return caller_of(context)


ANYONE = Anyone()
PERSON = SignedIn((AccountActor,))
PERSON_OR_TOKEN = SignedIn((AccountActor, TokenActor))
INVITED_DEVICE = SignedIn((InvitedDeviceActor,))
LOCK = SignedIn((LockActor,))
SOCKET_USER = SignedIn((AccountActor, InvitedDeviceActor, TokenActor))


@dataclass(frozen=True)
class AtSite:
    """Somebody with this permission at the site that the argument leads to.

    `field` names the argument (or field of the input, with dots); `kind` and `model` say what its id names: the site
    itself, or a row with a `site_id`. Somebody without any standing there is answered as if the id named nothing.
    """

    permission: Permission
    field: str = "site_id"
    kind: str = "site"
    model: Any = None

    @property
    def who(self) -> str:
        return roles(self.permission)

    async def permit(self, context: Context, arguments: Arguments) -> Caller:
        if context.actor is None:
            raise NotSignedIn
        site_id = await self._site(_value(arguments, self.field))
        standing = await standing_at(context.actor, site_id) if site_id else None
        if standing is None:
            raise NotFound(self.field)
        if not allows(standing, self.permission):
            raise NotAllowed
        return caller_of(context, standing)

    async def _site(self, text: Any) -> UUID | None:
        key = read_node_id(self.kind, str(text))
        if key is None or self.model is None:
            return key
        row = await self.model.get_or_none(id=key)
        return None if row is None else row.site_id


@dataclass(frozen=True)
class AtOneOf:
    """As the one of these rules whose field is given, of the fields of a `@oneOf` input."""

    rules: tuple[AtSite, ...]

    @property
    def who(self) -> str:
        return self.rules[0].who

    async def permit(self, context: Context, arguments: Arguments) -> Caller:
        (rule,) = (each for each in self.rules if _value(arguments, each.field) is not UNSET)
        return await rule.permit(context, arguments)


@dataclass(frozen=True)
class Either:
    """For operations of two kinds of callers: `device` rules for invited phones, `other` for everybody else."""

    device: Rule
    other: Rule

    @property
    def who(self) -> str:
        return f"{self.device.who}, and for {self.other.who}"

    async def permit(self, context: Context, arguments: Arguments) -> Caller:
        invited = isinstance(context.actor, InvitedDeviceActor)
        return await (self.device if invited else self.other).permit(context, arguments)


def _value(arguments: Arguments, field: str) -> Any:
    """The argument, or the field of the input; a dot leads into a field's own fields."""
    if "input" in arguments:
        return attrgetter(field)(arguments["input"])
    return arguments[field]


class OperationKind(Enum):
    """The root type that an operation belongs to."""

    QUERY = "Query"
    MUTATION = "Mutation"
    SUBSCRIPTION = "Subscription"


@dataclass(frozen=True)
class Operation:
    """One declared operation: which root type, who may call it, and its field in the schema."""

    kind: OperationKind
    rule: Rule
    field: StrawberryField


DECLARED: dict[str, Operation] = {}
"""Every operation by its GraphQL name."""


def _described(function: Callable[..., Any], rule: Rule) -> str:
    return f"{description_of(function)} For {rule.who}."


def _shown(answer: Any, nullable: bool) -> Any:
    """The type of a root field. A fault nulls its own root and none beside it; only what is fixed in firmware is older
    than that rule."""
    return Optional[answer] if nullable else answer  # noqa: UP045 - the type is known at run time only


def _declare(
    function: Callable[..., Any], kind: OperationKind, rule: Rule, field: StrawberryField
) -> StrawberryField:
    name = to_camel_case(function.__name__)
    assert name not in DECLARED, f"{name} is declared twice"
    DECLARED[name] = Operation(kind, rule, field)
    return field


def mutation(
    rule: Rule, *errors: type[Error], nullable: bool = True
) -> Callable[[Callable[..., Awaitable[Any]]], StrawberryField]:
    """Declares a mutation: it returns its result, or one of `errors` or of those common to all, as a union."""

    def declare(function: Callable[..., Awaitable[Any]]) -> StrawberryField:
        name = to_camel_case(function.__name__)
        returned = get_type_hints(function, include_extras=True)["return"]
        results = get_args(returned) if get_origin(returned) in (UnionType, Union) else (returned,)
        members = tuple(dict.fromkeys((*results, *errors, *COMMON)))
        described = strawberry.union(
            f"{name[0].upper()}{name[1:]}Result",
            description=f"What {name} answers: its result, or an expected error. {GROWS}",
        )
        # The members are known at run time only.
        union = Annotated[Union[members], described]  # type: ignore[valid-type]  # noqa: UP007

        async def resolver(info: Info, **arguments: Any) -> Any:
            context: Context = info.context
            try:
                by = await rule.permit(context, arguments)
                return await function(Call(context, by, context.clock()), **arguments)
            except Refusal as refusal:
                return error_of(refusal, context.clock)

        look_like(resolver, function, _shown(union, nullable))
        field = strawberry.mutation(resolver=resolver, description=_described(function, rule))
        return _declare(function, OperationKind.MUTATION, rule, field)

    return declare


def query(
    rule: Rule, *, nullable: bool = True
) -> Callable[[Callable[..., Awaitable[Any]]], StrawberryField]:
    """Declares a query. A refusal is a GraphQL error with a code; one that returns None for what is not there answers
    null for NotFound too."""

    def declare(function: Callable[..., Awaitable[Any]]) -> StrawberryField:
        returned = get_type_hints(function, include_extras=True)["return"]
        may_be_none = type(None) in get_args(returned)

        async def resolver(info: Info, **arguments: Any) -> Any:
            context: Context = info.context
            try:
                by = await rule.permit(context, arguments)
                return await function(Call(context, by, context.clock()), **arguments)
            except NotFound:
                if may_be_none:
                    return None
                raise

        look_like(resolver, function, _shown(returned, nullable))
        field = strawberry.field(resolver=resolver, description=_described(function, rule))
        return _declare(function, OperationKind.QUERY, rule, field)

    return declare


def subscription(
    rule: Rule, *, nullable: bool = True
) -> Callable[[Callable[..., AsyncIterator[Any]]], StrawberryField]:
    """Declares a subscription; its function yields the items."""

    def declare(function: Callable[..., AsyncIterator[Any]]) -> StrawberryField:
        returned = get_type_hints(function, include_extras=True)["return"]
        (item,) = get_args(returned)
        shown = _shown(item, nullable)

        async def resolver(info: Info, **arguments: Any) -> AsyncIterator[Any]:
            context: Context = info.context
            by = await rule.permit(context, arguments)
            stream = function(Call(context, by, context.clock()), **arguments)
            still = partial(_check_still_permitted, rule, context, arguments)
            async with aclosing(while_permitted(stream, context.actor, still)) as items:
                async for item in items:
                    context.loaders = Loaders()  # what an earlier item read may have changed
                    yield item

        look_like(resolver, function, AsyncIterator[shown])  # type: ignore[valid-type]
        field: Any = strawberry.subscription(
            resolver=resolver, description=_described(function, rule)
        )
        return _declare(function, OperationKind.SUBSCRIPTION, rule, field)

    return declare


async def _check_still_permitted(rule: Rule, context: Context, arguments: Arguments) -> None:
    """Raises NotSignedIn when the subscriber's access has ended, and what the rule raises."""
    if context.actor is not None and await refreshed(context.actor, context.clock()) is None:
        raise NotSignedIn("Your access has ended.")
    await rule.permit(context, arguments)


def root_type(kind: OperationKind, description: str) -> type:
    """The root type of all that was declared of this kind."""
    fields = [each.field for each in DECLARED.values() if each.kind is kind]
    return create_type(kind.value, fields, description=description)
