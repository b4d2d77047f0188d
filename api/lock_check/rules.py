"""The rules of docs/lock.md that can be seen from the server's end of the link, and what was found of each.

A rule is held only once it was tried. One that was broken stays broken, with the first reason.
"""

from dataclasses import dataclass, field
from enum import Enum, StrEnum


class Rule(Enum):
    """A rule: the section of docs/lock.md, and what a lock does that keeps it."""

    DOCUMENTS = ("4", "Its GraphQL documents and variables are those of the schema.")
    OWN_CHALLENGE = ("4", "Each connection begins with a challenge of its own.")
    PROOF = ("4", "The proof is signed with the link key over that challenge, for this lock.")
    PROOF_ONCE = ("4", "No jti is used twice.")
    FIRMWARE = ("4", "What it says of its firmware can be read: nothing, or `link` and `reads`.")
    FRESH_POSITION = ("4", "A lock without state says epoch 0, revision 0.")
    POSITION = ("4", "A lock with state subscribes with the epoch and revision on its disk.")
    NONCE_AT_ONCE = ("4", "Each connection begins with a report that has a nonce.")
    PONG = ("4", "A ping is answered.")
    UNKNOWN_TYPE = ("4", "A __typename that it does not know is skipped.")
    COMES_BACK = ("4", "After a loss it connects again.")
    AFTER_COMPLETE = ("4", "A completed feed is a loss: it closes the socket and connects again.")
    UNREADABLE_DELIVERY = ("5", "An unreadable delivery is noted and not answered.")
    UNREADABLE_COMMAND = ("5", "An unreadable command is refused.")
    STATE_SUM = ("6", "The sum is that of the entries that it holds.")
    SNAPSHOT = ("7", "A snapshot above its own state replaces all entries.")
    OLD_SNAPSHOT = ("7", "A snapshot at or below its own state changes nothing.")
    PARTS = ("7", "A snapshot in parts is applied once all are here, in any order, and not before.")
    OTHER_PARTS = ("7", "A snapshot that was cut anew displaces the parts that are here.")
    PARTS_ON_DISK = ("7", "Parts of a snapshot survive a power cut.")
    CHANGES = ("7", "Changes that continue from its revision are applied.")
    REMOVAL = ("7", "A removal is applied.")
    GAP = ("7", "Changes behind a gap change nothing.")
    OLD_CHANGES = ("7", "Changes at or below its revision change nothing.")
    OTHER_EPOCH = ("7", "Changes of another epoch change nothing.")
    MALFORMED_DELIVERY = ("7", "A malformed delivery is noted, answered, and changes nothing.")
    ACK_AGAIN = ("7", "The last acknowledgement is said again on each connection.")
    FRESH_NONCE = ("8", "The nonces of a connection are gone with it.")
    NONCE_RENEWED = ("8", "There is a new nonce every 30 seconds.")
    COMMAND = ("8", "A command with a nonce that counts opens, and its event names it.")
    COMMAND_ONCE = ("8", "The same command is carried out once, also with a new nonce.")
    COMMAND_REMEMBERED = ("8", "Commands are remembered through a power cut.")
    STALE_NONCE = ("8", "A command with a nonce that does not count is refused.")
    DEADLINE = ("8", "A command is refused when its seconds are over.")
    MALFORMED_COMMAND = ("8", "A malformed command is refused.")
    TIME = ("8", "Sealed time sets the clock.")
    TIME_ONCE = ("8", "A nonce sets the clock once.")
    STALE_TIME = ("8", "Time with a nonce that does not count changes nothing.")
    AT_ONCE = ("9", "What there is to say is reported at once.")
    ONE_REPORT = ("9", "One report is under way at a time.")
    REPORT_SIZE = ("9", "A report stays below its limits.")
    EVENT_FIELDS = ("9", "The fields of an event are as the document lists them.")
    SEQUENCE = ("9", "Events are numbered from 1 without gaps.")
    EVENTS_STAY = ("9", "An event that the server did not take is said again.")
    STATE_ID = ("9", "The state id is that of the disk, and stays.")
    STARTED = ("9", "Every start is an event.")
    PIN_OPENS = ("10", "A PIN that was delivered opens.")
    REMOVED_PIN = ("10", "A PIN whose removal was acknowledged opens nothing.")
    LEADING_ZERO = ("10", "0042 is not 42.")
    LOCKOUT = (
        "10",
        "Ten wrong entries in a row are a lockout, in which a right PIN opens nothing.",
    )
    RELEASE = ("10", "A command releases a lockout; its event names the command.")
    ON_DISK = ("12", "What was acknowledged is there after a power cut.")

    @property
    def section(self) -> str:
        """Of docs/lock.md."""
        return self.value[0]

    @property
    def sentence(self) -> str:
        """What a lock does that keeps the rule."""
        return self.value[1]


class Verdict(StrEnum):
    """What was found of a rule."""

    HELD = "held"
    BROKEN = "broken"
    NOT_TRIED = "not tried"


@dataclass
class Findings:
    """What was found so far; `broken` has the reason of each broken rule."""

    tried: set[Rule] = field(default_factory=set)
    broken: dict[Rule, str] = field(default_factory=dict)

    def note(self, rule: Rule, held: bool, otherwise: str) -> None:
        """A rule was tried; `otherwise` says what the lock did instead of keeping it."""
        self.tried.add(rule)
        if not held:
            self.broken.setdefault(rule, otherwise)

    def verdict(self, rule: Rule) -> Verdict:
        """Held, broken, or not tried."""
        if rule in self.broken:
            return Verdict.BROKEN
        return Verdict.HELD if rule in self.tried else Verdict.NOT_TRIED

    def line(self, rule: Rule) -> str:
        """One line for whoever builds the lock."""
        line = f"{self.verdict(rule):<9}  section {rule.section:>2}  {rule.sentence}"
        return f"{line} But: {self.broken[rule]}" if rule in self.broken else line
