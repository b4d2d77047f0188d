"""What happened at a site: what its locks reported, what its admins should know, what was changed."""

from datetime import datetime

import strawberry

from api.schema.activity_kinds import ActivityKind
from api.schema.growth import GROWS
from api.schema.nodes import Node
from api.schema.of_site import OfSite


@strawberry.interface(
    description=f"What happened at a site: a lock's event, an alert, an audited change. {GROWS}"
)
class Activity(Node, OfSite):
    recorded_at: datetime = strawberry.field(description="When the server stored it.")
    kind: ActivityKind = strawberry.field(description="What happened.")
