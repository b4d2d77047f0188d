"""Which digits may be a PIN, and how long a generated one is.

No answer tells why digits were refused: length is a policy that everyone may know; weak and taken are one answer, and
`is_weak` is asked only after the same work as for taken ones was done.
"""

import secrets

from domain.access.pin_shape import NotDigits, is_run, is_single_digit, parse_digits
from domain.errors import InvalidPin, PinTooShort, PolicyViolation

# fmt: off
_COMMON = frozenset({
    "1004", "2000", "1122", "2580", "0852", "1998", "1984", "2001", "2468", "1357", "1379", "9731", "4200", "0420", "1470",
    "0741", "3690", "0963", "5683", "1236", "7890", "0987", "8520", "1590", "7531", "9512", "112233", "102030", "159753",
    "123321", "147258", "258456", "789456", "147852", "112358", "314159", "271828", "159357", "753951", "1231234",
    "11223344", "12344321", "11112222", "10203040", "31415926", "14789632",
})
# fmt: on
"""PINs that people choose far oftener than chance: the keypad's lines and crosses, years, doubles, the famous numbers."""


def check_length(digits: str, shortest: int, longest: int) -> None:
    """Raises InvalidPin for anything but ASCII digits, PinTooShort, PolicyViolation for too many."""
    try:
        parse_digits(digits)
    except NotDigits:
        raise InvalidPin from None
    if len(digits) < shortest:
        raise PinTooShort(shortest)
    if len(digits) > longest:
        raise PolicyViolation("digits", f"Take at most {longest} digits.")


def is_weak(digits: str) -> bool:
    """One digit repeated, a run up or down, a block said over and over, or a PIN that many people choose."""
    return is_single_digit(digits) or is_run(digits) or _repeats(digits) or digits in _COMMON


def _repeats(digits: str) -> bool:
    """Whether a block of two, three or four is all there is, said over and over: `373737`, `471471`, `47114711`."""
    blocks = (digits[:size] for size in (2, 3, 4) if len(digits) >= 2 * size)
    return any(digits == block * (len(digits) // len(block)) for block in blocks)


def generate(length: int) -> str:
    """Random digits that are not weak."""
    while True:
        digits = f"{secrets.randbelow(10**length):0{length}}"
        if not is_weak(digits):
            return digits
