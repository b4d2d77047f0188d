"""The kinds of what happens at a site: those of locks and those of alerts by their own names, and one for changes."""

from enum import StrEnum


class ActivityKind(StrEnum):
    """What happened: what a lock reports, what an alert tells, or CHANGED for whatever a mutation did."""

    OPENED = "OPENED"
    DENIED = "DENIED"
    LOCKOUT_STARTED = "LOCKOUT_STARTED"
    LOCKOUT_ENDED = "LOCKOUT_ENDED"
    CLOCK_SET = "CLOCK_SET"
    CLOCK_LOST = "CLOCK_LOST"
    STARTED = "STARTED"
    COMMAND_REFUSED = "COMMAND_REFUSED"
    CARD_PRESENTED = "CARD_PRESENTED"
    SHORT_PIN_SET = "SHORT_PIN_SET"
    SHORT_PIN_DROPPED = "SHORT_PIN_DROPPED"
    SMARTPIN_BLOCKED = "SMARTPIN_BLOCKED"
    OUT_OF_STEP = "OUT_OF_STEP"
    DELIVERY_REFUSED = "DELIVERY_REFUSED"
    EVENTS_DROPPED = "EVENTS_DROPPED"
    EVENTS_MISSING = "EVENTS_MISSING"
    EVENT_REFUSED = "EVENT_REFUSED"
    PIN_REFUSALS_SPENT = "PIN_REFUSALS_SPENT"
    PIN_CHOICES_SPENT = "PIN_CHOICES_SPENT"
    LETTER_NOT_SENT = "LETTER_NOT_SENT"
    LOCK_REPLACED = "LOCK_REPLACED"
    LOCK_TOO_OLD = "LOCK_TOO_OLD"
    CHANGED = "CHANGED"
