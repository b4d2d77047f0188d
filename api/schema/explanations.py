"""Why a door opens for somebody, or does not."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.types import Info

from api.schema.credentials import Credential
from api.schema.locks import Lock
from api.schema.nodes import Node, key_of, node_of
from api.schema.pins import PinLockSync, pin_lock_sync_type
from api.schema.schedules import Schedule, schedule_type
from domain.access_rules.tables import AccessRule
from domain.clock import Clock
from domain.errors import NotAllowed
from domain.explaining import rules
from domain.explaining.questions import Subject, SubjectKind
from domain.explaining.rules import AccessReasonCode
from domain.explaining.service import MOST_LOCKS, MOST_SUBJECTS
from domain.link.events import OpeningMethod
from domain.locks.tables import Reader
from domain.people.rules import Permission
from domain.sync.status import PinAtLock

_OPENS = "Whether it opens; null: that is not known."
_NEXT = (
    "The first moment, from the one asked about on, at which it would open by what is wanted; that very moment where it "
    "does. Null: never, as things are now."
)


@strawberry.type(description="One thing that speaks for or against a door opening.")
class AccessReason:
    row: strawberry.Private[Any]
    speaks_for: bool = strawberry.field(description="Whether it speaks for it; else against it.")
    code: AccessReasonCode = strawberry.field(description="What it is.")
    message: str = strawberry.field(description="The same for a person.")
    schedule: Schedule | None = strawberry.field(
        description="The schedule that was asked; null: it is not about one."
    )

    @strawberry.field(
        description="What is behind it: the access rule, PIN, SmartPIN, invitation, member, reader or lock. A rule and a "
        "reader are null, with an error, for whoever may not read the site."
    )
    async def basis(self, info: Info) -> Node | None:
        context, row = info.context, self.row
        site_id = None
        if isinstance(row, AccessRule):
            site_id = row.site_id
        elif isinstance(row, Reader):
            site_id = (await context.loaders.lock.load(row.lock_id)).site_id
        if site_id is not None and not await context.may(Permission.READ, site_id):
            raise NotAllowed
        shown: Node = node_of(row, context.clock)
        return shown


@strawberry.type(description="Whether a door opens, by one side alone, and every reason.")
class AccessAnswer:
    opens: bool | None = strawberry.field(description=_OPENS)
    reasons: list[AccessReason] = strawberry.field(
        description="What speaks for it and against it. At most 1000."
    )


@strawberry.type(description="One way of opening a door: digits, or a phone.")
class AccessWay:
    row: strawberry.Private[Any]
    method: OpeningMethod = strawberry.field(
        description="With what: PIN, SMARTPIN, or PHONE: by openLock, and by a lease where the lock has no network."
    )
    opens: bool | None = strawberry.field(
        description="What happens at the door: digits are decided by what the lock holds, a phone by what is wanted and "
        "whether the lock can be told. Null: it is not known."
    )
    next_at: datetime | None = strawberry.field(description=_NEXT)
    wanted: AccessAnswer = strawberry.field(
        description="By what the site wants: rules, schedules, blocks, PIN mode. Never null in `opens`."
    )
    at_lock: AccessAnswer = strawberry.field(
        description="By what is known of the lock: its entries, settings, lockout, clock and connection. Of a phone: "
        "whether an order reaches the lock, null for another moment than now."
    )
    pin_sync: PinLockSync | None = strawberry.field(
        description="Of a PIN: its versions, wanted, applied and opening now; null: the lock never was to hold it."
    )

    @strawberry.field(
        description="The PIN, SmartPIN or invitation; null: access rules, which are behind the reasons."
    )
    async def credential(self, info: Info) -> Credential | None:
        shown: Credential | None = node_of(self.row, info.context.clock) if self.row else None
        return shown


@strawberry.type(
    description="Whether a door opens for somebody at a moment, and why, as things are now: what the rules were is not "
    "kept. What admins may open by openLockRemotely does not count."
)
class AccessExplanation:
    at: datetime = strawberry.field(description="The moment.")
    subject: Node = strawberry.field(description="Who or what was asked about.")
    lock: Lock = strawberry.field(description="The lock.")
    opens: bool | None = strawberry.field(
        description="Yes if one of the ways opens it; null: one may, and it is not known whether it does."
    )
    next_at: datetime | None = strawberry.field(description=_NEXT)
    ways: list[AccessWay] = strawberry.field(
        description="The ways there are: one, but of a member the phone and each PIN that is for this lock. At most 1000."
    )


@strawberry.type(description="One subject at one lock.")
class AccessCell:
    lock: Lock = strawberry.field(description="The lock.")
    opens: bool | None = strawberry.field(description=_OPENS)
    next_at: datetime | None = strawberry.field(description=_NEXT)
    reason_codes: list[AccessReasonCode] = strawberry.field(
        description="If it opens, what speaks for it; else what speaks against it. `explainAccess` says what is behind each."
    )


@strawberry.type(description="One subject at each of the locks.")
class AccessGridRow:
    subject: Node = strawberry.field(description="Who or what was asked about.")
    cells: list[AccessCell] = strawberry.field(
        description=f"Lock by lock, as asked for. At most {MOST_LOCKS}."
    )


@strawberry.type(description="Who opens what at a moment.")
class AccessGrid:
    at: datetime = strawberry.field(description="The moment.")
    rows: list[AccessGridRow] = strawberry.field(
        description=f"Subject by subject, as asked for. At most {MOST_SUBJECTS}."
    )


def _answer_type(answer: rules.Answer) -> AccessAnswer:
    return AccessAnswer(
        opens=answer.opens,
        reasons=[
            AccessReason(
                row=reason.basis,
                speaks_for=reason.speaks_for,
                code=reason.code,
                message=reason.code.meaning,
                schedule=schedule_type(reason.schedule) if reason.schedule is not None else None,
            )
            for reason in answer.reasons
        ],
    )


def _way_type(way: rules.Way, clock: Clock) -> AccessWay:
    held = way.pin_at_lock
    return AccessWay(
        row=way.credential,
        method=way.method,
        opens=way.opens,
        next_at=way.next_at,
        wanted=_answer_type(way.wanted),
        at_lock=_answer_type(way.at_lock),
        pin_sync=pin_lock_sync_type(held, clock) if isinstance(held, PinAtLock) else None,
    )


def explanation_type(found: rules.Explanation, clock: Clock) -> AccessExplanation:
    """An explanation as the API shows it."""
    return AccessExplanation(
        at=found.at,
        subject=node_of(found.subject, clock),
        lock=node_of(found.lock, clock),
        opens=found.opens,
        next_at=found.next_at,
        ways=[_way_type(way, clock) for way in found.ways],
    )


def grid_type(rows: list[list[rules.Explanation]], clock: Clock) -> AccessGrid:
    """A grid as the API shows it."""
    return AccessGrid(
        at=rows[0][0].at,
        rows=[
            AccessGridRow(
                subject=node_of(row[0].subject, clock),
                cells=[
                    AccessCell(
                        lock=node_of(each.lock, clock),
                        opens=each.opens,
                        next_at=each.next_at,
                        reason_codes=each.decisive,
                    )
                    for each in row
                ],
            )
            for row in rows
        ],
    )


@strawberry.input(description="Who or what is asked about: exactly one.", one_of=True)
class AccessSubjectInput:
    pin_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="A PIN.")
    smart_pin_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A SmartPIN."
    )
    member_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A member: their phone, and each of their PINs."
    )
    invitation_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="An invitation."
    )
    device_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A phone: an invitation's, or one's own."
    )


def subject_of(asked: AccessSubjectInput, place: str) -> Subject:
    """The subject. Raises NotFound for an id that names nothing, at this place of the input."""
    kind = next(each for each in SubjectKind if getattr(asked, each) is not strawberry.UNSET)
    noun = kind.removesuffix("_id")
    return Subject(kind, key_of(noun, getattr(asked, kind), f"{place}.{kind}"))


@strawberry.input(description="A question: does this door open for them at this moment?")
class ExplainAccessInput:
    lock_id: strawberry.ID = strawberry.field(description="The lock.")
    subject: AccessSubjectInput = strawberry.field(description="For whom, or by what.")
    at: datetime | None = strawberry.field(
        default=None, description="At which moment; omitted: now."
    )


@strawberry.input(description="The same question for many subjects and many locks.")
class ExplainAccessGridInput:
    site_id: strawberry.ID = strawberry.field(description="The site.")
    subjects: list[AccessSubjectInput] = strawberry.field(
        description=f"For whom, or by what: 1 to {MOST_SUBJECTS}."
    )
    lock_ids: list[strawberry.ID] = strawberry.field(description=f"The locks: 1 to {MOST_LOCKS}.")
    at: datetime | None = strawberry.field(
        default=None, description="At which moment; omitted: now."
    )
