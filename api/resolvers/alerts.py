"""What the admins of a site are told without having asked."""

from collections.abc import AsyncIterator

from api.context import Call
from api.operations import AtSite, mutation, subscription
from api.schema.alert_mail import (
    MarkAlertsSeenInput,
    MarkedAlertsSeen,
    SetAlertMail,
    SetAlertMailInput,
    alert_kinds,
    alert_mail_type,
)
from api.schema.nodes import TheSite, chosen_key_of, keys_of
from api.schema.records import Alert, alert_type
from domain.alerts import letters
from domain.alerts.service import follow_alerts
from domain.alerts.service import mark_alerts_seen as mark_seen
from domain.people.rules import Permission


@subscription(AtSite(Permission.READ))
async def site_alerts(call: Call, site_id: TheSite) -> AsyncIterator[Alert]:
    """Each alert of a site from now on; earlier ones are in `Site.alerts`."""
    async for row in follow_alerts(call.by.site_id):
        yield alert_type(row)


@mutation(AtSite(Permission.CREDENTIALS))
async def mark_alerts_seen(call: Call, input: MarkAlertsSeenInput) -> MarkedAlertsSeen:
    """Marks alerts of a site as seen, for all of its admins."""
    count = await mark_seen(
        call.installation,
        call.by,
        alert_id=chosen_key_of("alert", input.alert_id, "alert_id"),
        now=call.now,
    )
    return MarkedAlertsSeen(marked=count)


@mutation(AtSite(Permission.SITE_SETTINGS))
async def set_alert_mail(call: Call, input: SetAlertMailInput) -> SetAlertMail:
    """Chooses which alerts of a site are mailed, and to whom. Several that come together are told by one letter, and an
    hour has six letters at most: what is left is told by the next."""
    site = await letters.set_alert_mail(
        call.installation,
        call.by,
        kinds=alert_kinds(input.kinds) or [],
        member_ids=keys_of("member", input.member_ids, "member_ids") or [],
        now=call.now,
    )
    return SetAlertMail(alert_mail=await alert_mail_type(site))
