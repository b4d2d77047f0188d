"""What the admins of a site are told without having asked."""

from collections.abc import AsyncIterator

from api.context import Call
from api.operations import AtSite, subscription
from api.schema.nodes import TheSite
from api.schema.records import Alert, alert_type
from domain.alerts.service import follow_alerts
from domain.people.rules import Permission


@subscription(AtSite(Permission.READ))
async def site_alerts(call: Call, site_id: TheSite) -> AsyncIterator[Alert]:
    """Each alert of a site from now on; earlier ones are in `Site.alerts`."""
    async for row in follow_alerts(call.by.site_id):
        yield alert_type(row)
