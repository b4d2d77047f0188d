"""The schema, assembled from what the resolver modules declare. Built once a process."""

from datetime import date, datetime, time
from functools import cache

import strawberry

from api.context import client_of
from api.operations import OperationKind, root_type
from api.prices import prices
from api.protocol import Renamed, build_schema_kwargs
from api.renamed import NAMES
from api.resolvers import (
    access_rules,
    actors,
    alerts,
    api_tokens,
    compromised_locks,
    devices,
    explanations,
    homes,
    hubs,
    invitations,
    locks,
    members,
    my_pins,
    nodes,
    pins,
    provisioning,
    readers,
    redemption,
    sessions,
    sign_in,
    sites,
    smartpins,
    sync,
    tags,
)
from api.schema.bounds import bound_inputs
from api.schema.dates import DATE, DATE_TIME
from api.schema.scalars import SCALARS
from api.schema.times import TIME

DECLARING = (
    sites,
    nodes,
    actors,
    members,
    devices,
    sessions,
    api_tokens,
    sign_in,
    hubs,
    locks,
    provisioning,
    compromised_locks,
    readers,
    tags,
    access_rules,
    invitations,
    redemption,
    homes,
    pins,
    my_pins,
    smartpins,
    sync,
    explanations,
    alerts,
)
"""The modules that must have been imported before the schema is built: they declare what is in it."""


@cache
def build_schema(*, development: bool) -> strawberry.Schema:
    """The whole schema. `development` as in `api.protocol`."""
    schema = strawberry.Schema(
        query=root_type(OperationKind.QUERY, "What can be asked."),
        mutation=root_type(OperationKind.MUTATION, "What can be changed."),
        subscription=root_type(OperationKind.SUBSCRIPTION, "What can be followed."),
        scalar_overrides={date: DATE, datetime: DATE_TIME, time: TIME, **SCALARS},
        **build_schema_kwargs(
            development=development, prices=prices(), renamed=Renamed(NAMES), client_of=client_of
        ),
    )
    bound_inputs(schema._schema)
    return schema
