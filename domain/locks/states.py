"""How locks are, asked of a table as `rules` asks it of one lock."""

from datetime import datetime, timedelta

from tortoise.expressions import F, Q

from domain.link.nonces import OFFLINE_AFTER_SECONDS


def online_at(now: datetime) -> Q:
    """Of rows of locks: `rules.is_online`."""
    since = now - timedelta(seconds=OFFLINE_AFTER_SECONDS)
    return Q(feed_id__isnull=False, last_contact_at__isnull=False, last_contact_at__gt=since) & ~Q(
        nonces=[]
    )


LACKING = Q(wanted_revision__gt=F("applied_revision")) | Q(snapshot_needed=True)
"""Of rows of locks: something that is wanted has not arrived. Of all others every entry has."""
