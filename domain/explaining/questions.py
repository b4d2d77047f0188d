"""What is asked: whether somebody or something opens a door at a moment."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.link.events import LockEventKind
from domain.node_ids import read_node_id
from domain.sync.tables import LockEvent


class SubjectKind(StrEnum):
    """What can be asked about; the values name the fields of the API's input."""

    PIN = "pin_id"
    SMART_PIN = "smart_pin_id"
    MEMBER = "member_id"
    INVITATION = "invitation_id"
    DEVICE = "device_id"


@dataclass(frozen=True, slots=True)
class Subject:
    """A PIN, a SmartPIN, a member with all their ways, an invitation, or a phone."""

    kind: SubjectKind
    key: UUID


@dataclass(frozen=True, slots=True)
class Question:
    """One cell: does it open this door at this moment? `at` is in UTC."""

    subject: Subject
    lock_id: UUID
    at: datetime


_TRIES = frozenset({LockEventKind.OPENED, LockEventKind.DENIED, LockEventKind.COMMAND_REFUSED})


def question_of(event: LockEvent) -> Question | None:
    """What to ask about an event that tells of a try at opening; None where it names nobody and nothing."""
    subject = _subject_of(event)
    if event.kind not in _TRIES or subject is None:
        return None
    return Question(subject, event.lock_id, event.at or event.recorded_at)


def _subject_of(event: LockEvent) -> Subject | None:
    """What was used; else whose phone or doing it was."""
    pin_id = read_node_id("pin", event.entry_id or "") if event.member_id is not None else None
    for kind, key in (
        (SubjectKind.SMART_PIN, event.smart_pin_id),
        (SubjectKind.PIN, pin_id),
        (SubjectKind.INVITATION, event.invitation_id),
        (SubjectKind.MEMBER, event.member_id),
    ):
        if key is not None:
            return Subject(kind, key)
    return None
