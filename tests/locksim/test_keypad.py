"""The keys of a keypad."""

from locksim.keypad import IDLE_MS, MAX_TYPED, Key, Keypad


def press(keypad: Keypad, keys: str, at_ms: int = 0) -> str | None:
    """Press keys given as digits and `<` (backspace), `x` (cancel), `#` (Enter)."""
    names = {"<": Key.BACKSPACE, "x": Key.CANCEL, "#": Key.ENTER}
    entry = None
    for key in keys:
        entry = keypad.press(names.get(key) or Key(key), at_ms)
    return entry.digits if entry else None


def test_digits_and_enter_make_an_entry() -> None:
    """Zeros in front included; nothing is left over for the next."""
    keypad = Keypad()
    assert press(keypad, "0042#") == "0042"
    assert press(keypad, "7#") == "7"


def test_backspace_takes_the_last_digit_and_cancel_all() -> None:
    """Also where there is nothing to take."""
    assert press(Keypad(), "<12<34#") == "134"
    assert press(Keypad(), "1234x56#") == "56"
    assert press(Keypad(), "1234x#") is None


def test_enter_alone_is_no_entry() -> None:
    """A door frame that is leaned on is not a guess."""
    assert press(Keypad(), "#") is None
    assert press(Keypad(), "12<<#") is None


def test_an_unfinished_entry_is_dropped_after_some_seconds() -> None:
    """Nobody finishes what another began; each key starts the wait anew."""
    keypad = Keypad()
    press(keypad, "12", 0)
    press(keypad, "3", IDLE_MS - 1)
    assert press(keypad, "4#", 2 * IDLE_MS - 2) == "1234"
    press(keypad, "12", 100_000)
    assert press(keypad, "34#", 100_000 + IDLE_MS) == "34"


def test_an_entry_that_is_too_long_is_not_cut_to_fit() -> None:
    """A PIN in front of more digits stays wrong; memory is bounded all the same."""
    entry = press(Keypad(), "4071" + "0" * 1000 + "#")
    assert entry == "4071" + "0" * (MAX_TYPED - 4)
    assert MAX_TYPED > 10
