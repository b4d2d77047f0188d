"""What sites announce to the floors above them."""

from dataclasses import dataclass
from uuid import UUID

from domain.facts import Fact


@dataclass(frozen=True, slots=True)
class ZoneChanged(Fact):
    """A site has another time zone."""

    site_id: UUID


@dataclass(frozen=True, slots=True)
class SiteSettingsChanged(Fact):
    """A setting of a site that its locks hold has changed."""

    site_id: UUID
