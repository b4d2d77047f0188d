"""Explaining, for many questions at once: the statements do not grow with them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from domain.access.openings import FIRST_MOMENT, LAST_MOMENT
from domain.access_rules.grants import RulesByLock, rules_of_members
from domain.access_rules.tables import AccessRule
from domain.actors import AccountActor, Caller
from domain.database import snapshot
from domain.errors import InvalidInput, NotFound
from domain.explaining.doors import Doors
from domain.explaining.questions import Question, Subject, SubjectKind
from domain.explaining.rules import (
    AccessReasonCode,
    Explanation,
    Grant,
    Reason,
    SmartPinFacts,
    Way,
    of_phone,
    of_pin,
    of_smartpin,
    of_smartpin_elsewhere,
)
from domain.inputs.moments import in_utc
from domain.invitations.tables import Invitation, InvitationLock
from domain.people.rules import Permission, allows
from domain.people.tables import Device, Member
from domain.pins.entries import locks_named_by
from domain.pins.tables import Pin, PinStatus
from domain.smartpins.rules import activation_missed
from domain.smartpins.states import is_blocked
from domain.smartpins.tables import SmartPin
from domain.sync.entries import SMARTPIN_RULES

MOST_SUBJECTS = 50
MOST_LOCKS = 50
"""Of a grid, on either side."""
_AT_ONCE = 20
"""Answers that are worked out on the loop that serves the locks; more are worked out beside it."""


async def explain_access(
    by: Caller, *, subject: Subject, lock_id: UUID, at: datetime | None, now: datetime
) -> Explanation:
    """Whether the subject opens the lock at this moment (None: now), and why.

    Readers of the site may ask about all of it, other members about themselves and the locks that something of theirs names.
    Raises NotFound for what is not there for the caller, InvalidInput for a moment without an offset or too near to the
    calendar's ends.
    """
    moment = _moment(at, now)
    facts = await _Facts.read([subject], [lock_id], now)
    facts.check_lock(by, lock_id, "lock_id")
    facts.check_subject(by, subject, "subject.")
    explanation = facts.explanation(Question(subject, lock_id, moment))
    assert by.standing is not None
    if not allows(by.standing, Permission.READ) and not facts.is_for(subject, lock_id):
        raise NotFound("lock_id")
    return explanation


async def explain_access_grid(
    by: Caller,
    *,
    subjects: Sequence[Subject],
    lock_ids: Sequence[UUID],
    at: datetime | None,
    now: datetime,
) -> list[list[Explanation]]:
    """The same of each subject at each lock, for readers of the site: a row for each subject, as asked for.

    Raises InvalidInput for more than fifty of either, or none; and what `explain_access` does.
    """
    moment = _moment(at, now)
    for field, given, most in (
        ("subjects", subjects, MOST_SUBJECTS),
        ("lock_ids", lock_ids, MOST_LOCKS),
    ):
        if not 1 <= len(given) <= most:
            raise InvalidInput(field, f"Name 1 to {most}.")
    facts = await _Facts.read(subjects, lock_ids, now)
    for index, lock_id in enumerate(lock_ids):
        facts.check_lock(by, lock_id, f"lock_ids.{index}")
    for index, subject in enumerate(subjects):
        facts.check_subject(by, subject, f"subjects.{index}.")

    def rows() -> list[list[Explanation]]:
        return [
            [facts.explanation(Question(subject, lock_id, moment)) for lock_id in lock_ids]
            for subject in subjects
        ]

    many = len(subjects) * len(lock_ids) > _AT_ONCE
    return await asyncio.to_thread(rows) if many else rows()


async def explanations(questions: Sequence[Question], now: datetime) -> list[Explanation | None]:
    """The answers to questions of somebody who may read what they are about; None where something is not there any more."""
    facts = await _Facts.read(
        [each.subject for each in questions], [each.lock_id for each in questions], now
    )
    return [facts.explanation(each) if facts.knows(each) else None for each in questions]


def _moment(at: datetime | None, now: datetime) -> datetime:
    moment = now if at is None else in_utc("at", at)
    if not FIRST_MOMENT <= moment <= LAST_MOMENT:
        raise InvalidInput(
            "at", f"Ask for a moment from {FIRST_MOMENT.date()} to {LAST_MOMENT.date()}."
        )
    return moment


def _grants(rules: dict[UUID, RulesByLock]) -> dict[UUID, dict[UUID, list[Grant]]]:
    """The schedule of each rule is made once, for however many locks."""
    made: dict[UUID, Grant] = {}

    def grant(rule: AccessRule) -> Grant:
        if rule.id not in made:
            made[rule.id] = Grant(rule.schedule(), rule)
        return made[rule.id]

    return {
        member_id: {lock_id: [grant(each) for each in given] for lock_id, given in by_lock.items()}
        for member_id, by_lock in rules.items()
    }


@dataclass(frozen=True, slots=True)
class _Facts:
    """All that the questions need, as it was in one moment."""

    doors: Doors
    rows: dict[Subject, Any]
    """What each subject is: the row, for a phone of a person its member."""
    _pins_of: dict[UUID, list[Pin]]
    _granted: dict[UUID, dict[UUID, list[Grant]]]
    """What access rules give, by member and lock."""
    _named: dict[UUID, dict[UUID, list[Any]]]
    _invited: dict[UUID, set[UUID]]
    _now: datetime

    @classmethod
    async def read(
        cls, subjects: Sequence[Subject], lock_ids: Sequence[UUID], now: datetime
    ) -> Self:
        keys: dict[SubjectKind, set[UUID]] = defaultdict(set)
        for subject in subjects:
            keys[subject.kind].add(subject.key)
        async with snapshot():
            return await cls._read(keys, lock_ids, now)

    @classmethod
    async def _read(
        cls, keys: dict[SubjectKind, set[UUID]], lock_ids: Sequence[UUID], now: datetime
    ) -> Self:
        rows: dict[Subject, Any] = {}

        def add(kind: SubjectKind, found: Iterable[Any]) -> None:
            rows.update({Subject(kind, row.id): row for row in found})

        devices = await Device.filter(id__in=list(keys[SubjectKind.DEVICE]), removed_at=None)
        add(SubjectKind.DEVICE, devices)
        invitation_ids = {device.invitation_id for device in devices if device.invitation_id}
        invitations = await Invitation.filter(
            id__in=list(keys[SubjectKind.INVITATION] | invitation_ids), deleted_at=None
        )
        add(SubjectKind.INVITATION, invitations)
        codes = await SmartPin.filter(id__in=list(keys[SubjectKind.SMART_PIN]))
        add(SubjectKind.SMART_PIN, codes)
        members = await Member.filter(id__in=list(keys[SubjectKind.MEMBER]), removed_at=None)
        accounts = [device.account_id for device in devices if device.account_id]
        theirs = await Member.filter(
            account_id__in=accounts, removed_at=None, accepted_at__isnull=False
        )
        members = list({member.id: member for member in (*members, *theirs)}.values())
        add(SubjectKind.MEMBER, members)
        live = Pin.exclude(status=PinStatus.REMOVED)
        pins = await live.filter(id__in=list(keys[SubjectKind.PIN]))
        add(SubjectKind.PIN, pins)
        owned = await live.filter(owner_id__in=list(keys[SubjectKind.MEMBER])).order_by("id")
        pins_of: dict[UUID, list[Pin]] = defaultdict(list)
        for pin in owned:
            pins_of[pin.owner_id].append(pin)
        pins = list({pin.id: pin for pin in (*pins, *owned)}.values())
        owners = {pin.owner_id for pin in pins if pin.personal}
        chosen = InvitationLock.filter(invitation_id__in=[row.id for row in invitations])
        invited: dict[UUID, set[UUID]] = defaultdict(set)
        for choice in await chosen:
            invited[choice.invitation_id].add(choice.lock_id)
        return cls(
            doors=await Doors.of(
                lock_ids, [pin.id for pin in pins], [row.entry_name for row in codes], now
            ),
            rows=rows,
            _pins_of=pins_of,
            _granted=_grants(await rules_of_members({member.id for member in members} | owners)),
            _named=await locks_named_by([pin for pin in pins if not pin.personal]),
            _invited=invited,
            _now=now,
        )

    def knows(self, question: Question) -> bool:
        """Whether lock and subject are there, at one site."""
        lock = self.doors.rows.get(question.lock_id)
        return lock is not None and self._at(question.subject, lock.site_id) is not None

    def check_lock(self, by: Caller, lock_id: UUID, field: str) -> None:
        """Raises NotFound for a lock that is not there, at the caller's site."""
        lock = self.doors.rows.get(lock_id)
        if lock is None or lock.site_id != by.site_id:
            raise NotFound(field)

    def check_subject(self, by: Caller, subject: Subject, place: str) -> None:
        """Raises NotFound for a subject that is not there at the caller's site, or not the caller's to ask about."""
        row = self._at(subject, by.site_id)
        if row is None or not self._may_ask(by, row):
            raise NotFound(f"{place}{subject.kind}")

    def _may_ask(self, by: Caller, row: Any) -> bool:
        assert by.standing is not None
        member_id, actor = by.standing.member_id, by.actor
        match row:
            case Device(account_id=UUID() as account_id):
                # What phones a person has nobody else is told.
                return isinstance(actor, AccountActor) and actor.account_id == account_id
            case Member(id=own) | Pin(owner_id=own) if member_id is not None and own == member_id:
                return True
        return allows(by.standing, Permission.READ)

    def _at(self, subject: Subject, site_id: UUID) -> Any:
        """The subject's row, if it is there at this site."""
        row = self.rows.get(subject)
        if not isinstance(row, Device):
            return row if row is not None and row.site_id == site_id else None
        if row.invitation_id is not None:
            invitation = self.rows.get(Subject(SubjectKind.INVITATION, row.invitation_id))
            return row if invitation is not None and invitation.site_id == site_id else None
        return row if self._member_with(row, site_id) is not None else None

    def _member_with(self, device: Device, site_id: UUID) -> Member | None:
        """Whose phone it is at this site."""
        return next(
            (
                row
                for row in self.rows.values()
                if isinstance(row, Member)
                and (row.account_id, row.site_id) == (device.account_id, site_id)
            ),
            None,
        )

    def is_for(self, subject: Subject, lock_id: UUID) -> bool:
        """Whether the subject, or a PIN of it, is for this lock."""
        site_id = self.doors.rows[lock_id].site_id
        row = self.rows[subject]
        if isinstance(row, Device):
            row = self._member_with(row, site_id)
        pins = [row] if isinstance(row, Pin) else self._pins_of.get(row.id, [])
        by_rules = {row.owner_id if isinstance(row, Pin) else row.id}
        return any(self._grants_of_pin(pin, lock_id) for pin in pins) or any(
            lock_id in self._granted.get(each, {}) for each in by_rules
        )

    def explanation(self, question: Question) -> Explanation:
        """The answer to a question whose lock and subject are there."""
        row = self.rows[question.subject]
        ways = tuple(self._ways(row, question.lock_id, question.at))
        lock = self.doors.rows[question.lock_id]
        return Explanation(question.at, row, lock, ways)

    def _ways(self, row: Any, lock_id: UUID, at: datetime) -> Iterator[Way]:
        match row:
            case Pin():
                yield self._by_pin(row, lock_id, at)
            case SmartPin():
                yield self._by_smartpin(row, lock_id, at)
            case Invitation():
                yield self._by_invitation(row, lock_id, at)
            case Device(invitation_id=UUID() as key):
                invitation = self.rows[Subject(SubjectKind.INVITATION, key)]
                yield self._by_invitation(invitation, lock_id, at)
            case Device():
                site_id = self.doors.rows[lock_id].site_id
                yield self._by_rules(self._member_with(row, site_id), lock_id, at)
            case _:
                yield self._by_rules(row, lock_id, at)
                for pin in self._pins_of.get(row.id, ()):
                    # A PIN that is for other doors, and is not at this one, is no way here.
                    if self._grants_of_pin(pin, lock_id) or self.doors.sync_of(lock_id, pin):
                        yield self._by_pin(pin, lock_id, at)

    def _grants_of_pin(self, pin: Pin, lock_id: UUID) -> list[Grant]:
        if pin.personal:
            return self._grants_of_rules(pin.owner_id, lock_id)
        return [Grant(each, pin) for each in self._named[pin.id].get(lock_id, ())]

    def _grants_of_rules(self, member_id: UUID, lock_id: UUID) -> list[Grant]:
        return self._granted.get(member_id, {}).get(lock_id, [])

    def _by_pin(self, pin: Pin, lock_id: UUID, at: datetime) -> Way:
        way = of_pin(
            pin,
            self._grants_of_pin(pin, lock_id),
            self.doors.versions(lock_id, pin),
            self.doors.at(lock_id, at),
            at,
            blocked=pin.status is PinStatus.BLOCKED,
            wanted_version=self.doors.wanted_version(lock_id, pin),
        )
        return replace(way, pin_at_lock=self.doors.sync_of(lock_id, pin))

    def _by_rules(self, member: Any, lock_id: UUID, at: datetime) -> Way:
        no_account = member.account_id is None or member.accepted_at is None
        return of_phone(
            None,
            self._grants_of_rules(member.id, lock_id),
            self.doors.at(lock_id, at),
            at,
            nothing=member,
            lasting=[Reason(AccessReasonCode.NO_ACCOUNT, member)] if no_account else [],
        )

    def _by_invitation(self, invitation: Invitation, lock_id: UUID, at: datetime) -> Way:
        named = lock_id in self._invited[invitation.id]
        grants = [Grant(invitation.schedule(), invitation)] if named else []
        return of_phone(invitation, grants, self.doors.at(lock_id, at), at, nothing=invitation)

    def _by_smartpin(self, code: SmartPin, lock_id: UUID, at: datetime) -> Way:
        if code.lock_id != lock_id:
            return of_smartpin_elsewhere(code)
        door = self.doors.for_code(code, at)
        at_door = code.blocked_at_door is not None
        held = self.doors.holds(lock_id, code.entry_name)
        return of_smartpin(
            SmartPinFacts(
                row=code,
                schedule=code.schedule(),
                void=code.dead_at is not None,
                blocked=is_blocked(code),
                missed=activation_missed(
                    starts_at=code.opens_at,
                    activate_by=code.activate_by,
                    first_used_at=code.first_used_at,
                    now=at,
                ),
                activation=self.doors.sites[self.doors.rows[lock_id].site_id].smart_pin_activation,
                blocked_at_lock=frozenset({True}) if at_door else held,
                activation_at_lock=self.doors.holds(lock_id, SMARTPIN_RULES),
            ),
            door,
            at,
        )
