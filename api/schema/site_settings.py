"""A site's plan and settings: what is included, what its PINs must be, and how both are changed."""

import strawberry

from domain.pins.guess_budget import most_pins
from domain.sites.rules import SystemType


@strawberry.type(description="The seats of a site's plan.")
class Seats:
    used: int = strawberry.field(description="Members, and invitations that have not ended.")
    limit: int = strawberry.field(description="How many there are.")


@strawberry.type(description="What the guess limit means for PINs of one length.")
class GuessBudget:
    length: int = strawberry.field(description="The digits.")
    pins_per_lock: int = strawberry.field(
        description="How many PINs of this length one lock may hold; none: take longer ones."
    )


@strawberry.type(description="What PINs a site accepts.")
class PinPolicy:
    min_length: int = strawberry.field(description="The fewest digits.")
    max_length: int = strawberry.field(description="The most digits.")
    auto_length: int = strawberry.field(description="The digits of generated PINs, at least.")
    guess_limit: int = strawberry.field(
        description="Ten tries at a lock open it with at most one chance in this many."
    )

    @strawberry.field(
        description="What that means, length by length. At most 9. PINs that a lock has already stay when the limit is "
        "tightened."
    )
    def guess_budget(self) -> list[GuessBudget]:
        return [
            GuessBudget(length=length, pins_per_lock=most_pins(length, self.guess_limit))
            for length in range(self.min_length, self.max_length + 1)
        ]


@strawberry.input(description="A new site; the caller's account owns it.")
class CreateSiteInput:
    name: str = strawberry.field(description="What people call it; guests see it.")
    timezone: str = strawberry.field(description="Its IANA time zone, such as Europe/Rome.")
    system_type: SystemType = strawberry.field(description="Its architecture; the plan fixes it.")


@strawberry.input(description="PIN lengths and the guess limit. An omitted field keeps its value.")
class PinPolicyInput:
    min_length: int | None = strawberry.field(
        default=strawberry.UNSET, description="The fewest digits, 4 or more."
    )
    max_length: int | None = strawberry.field(
        default=strawberry.UNSET, description="The most digits, 9 or fewer."
    )
    auto_length: int | None = strawberry.field(
        default=strawberry.UNSET, description="The digits of generated PINs."
    )
    guess_limit: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Ten tries open a lock with at most one chance in this many.",
    )


@strawberry.input(description="Changes to a site's settings. An omitted field keeps its value.")
class UpdateSiteInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Its new name.")
    timezone: str | None = strawberry.field(
        default=strawberry.UNSET, description="Its new IANA time zone."
    )
    pin_policy: PinPolicyInput | None = strawberry.field(
        default=strawberry.UNSET, description="What PINs it accepts from now on."
    )
    smart_pin_activation: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether a SmartPIN dies that was not used within a day of its start; holds for those given out too.",
    )
    lockout_release_minutes: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="After how many minutes, 1 to 10,080, a keypad's lockout ends by itself; null: never.",
    )
    lease_minutes: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="For how many minutes, 1 to 1,440, a lease opens a door that no network reaches.",
    )
    event_retention_days: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="For how many days, 1 to 3,650, events are kept from now on; null: for good. Those that are older are "
        "deleted within minutes, and nothing brings them back.",
    )
