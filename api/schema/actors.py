"""Who asks, or did something: a person, an invited phone, a lock or a script."""

from typing import Annotated

import strawberry

from api.schema.accounts import Account
from api.schema.api_tokens import ApiToken
from api.schema.devices import Device
from api.schema.growth import GROWS
from api.schema.locks import Lock

Actor = Annotated[
    Account | Device | Lock | ApiToken,
    strawberry.union(
        "Actor",
        description=f"Who asks, or did something: a person, an invited phone, a lock or a script. {GROWS}",
    ),
]
