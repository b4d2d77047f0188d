"""The scenarios in their order, against one lock."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from api.lock_check import commanding, connecting, delivering, reporting, typing
from api.lock_check.bench import Bench, NoAnswer
from api.lock_check.rules import Rule


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is done to the lock; `rule` is broken if the lock does not say what it must say meanwhile."""

    play: Callable[[Bench], Awaitable[None]]
    rule: Rule
    power: bool = False
    """Whether its power must be cut."""
    keypad: bool = False
    """Whether somebody must type at it."""
    long: bool = False
    """Whether it takes half a minute."""

    @property
    def name(self) -> str:
        """As `--only` takes it."""
        return self.play.__name__.replace("_", "-")


FIRST = Scenario(connecting.begins, Rule.NONCE_AT_ONCE)
SCENARIOS = (
    Scenario(delivering.takes_a_snapshot, Rule.SNAPSHOT),
    Scenario(connecting.comes_back, Rule.COMES_BACK),
    Scenario(connecting.answers_pings, Rule.PONG),
    Scenario(connecting.skips_what_is_new, Rule.UNKNOWN_TYPE),
    Scenario(delivering.takes_changes, Rule.CHANGES),
    Scenario(delivering.leaves_gaps, Rule.GAP),
    Scenario(delivering.leaves_old_changes, Rule.OLD_CHANGES),
    Scenario(delivering.leaves_other_epochs, Rule.OTHER_EPOCH),
    Scenario(delivering.leaves_old_snapshots, Rule.OLD_SNAPSHOT),
    Scenario(delivering.gathers_parts, Rule.PARTS),
    Scenario(delivering.drops_parts_of_another_cut, Rule.OTHER_PARTS),
    Scenario(delivering.refuses_what_is_malformed, Rule.MALFORMED_DELIVERY),
    Scenario(delivering.refuses_what_is_unreadable, Rule.UNREADABLE_DELIVERY),
    Scenario(commanding.carries_out, Rule.COMMAND),
    Scenario(commanding.refuses_stale_nonces, Rule.STALE_NONCE),
    Scenario(commanding.keeps_deadlines, Rule.DEADLINE),
    Scenario(commanding.refuses_malformed_orders, Rule.MALFORMED_COMMAND),
    Scenario(commanding.refuses_unreadable_orders, Rule.UNREADABLE_COMMAND),
    Scenario(commanding.believes_time_once, Rule.TIME),
    Scenario(reporting.waits_for_answers, Rule.ONE_REPORT),
    Scenario(reporting.says_events_again, Rule.EVENTS_STAY),
    Scenario(reporting.tells_of_its_start, Rule.STARTED, power=True),
    Scenario(delivering.keeps_what_it_acknowledged, Rule.ON_DISK, power=True),
    Scenario(delivering.keeps_parts, Rule.PARTS_ON_DISK, power=True),
    Scenario(commanding.remembers_orders, Rule.COMMAND_REMEMBERED, power=True),
    Scenario(typing.opens_for_pins, Rule.PIN_OPENS, keypad=True),
    Scenario(typing.locks_out, Rule.LOCKOUT, keypad=True),
    Scenario(connecting.leaves_a_completed_feed, Rule.AFTER_COMPLETE),
    Scenario(connecting.renews_its_nonce, Rule.NONCE_RENEWED, long=True),
)


async def play(bench: Bench, only: Collection[str] = ()) -> None:
    """Plays the scenarios, or those named; what is found stands in the server's findings. Raises NoAnswer where the
    lock never comes.
    """
    await FIRST.play(bench)
    for scenario in SCENARIOS:
        if only and scenario.name not in only:
            continue
        if scenario.power and bench.hands.cut_power is None:
            continue
        if scenario.keypad and bench.hands.enter is None:
            continue
        try:
            await scenario.play(bench)
        except NoAnswer as missing:
            bench.note(scenario.rule, False, f"{missing} did not come.")
