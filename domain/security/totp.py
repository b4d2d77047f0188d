"""The second factor: time-based one-time passwords (RFC 6238) and recovery codes.

A password that leaked must not be enough. Somebody who watches a code being typed could use it in the same half minute,
so the caller keeps the step of an accepted code, and no code of that step or an earlier one is accepted again.
"""

import hmac
import re
from datetime import datetime

import pyotp

from domain.security.codes import random_symbols, read_symbols

TOTP_STEP_SECONDS = 30
TOTP_DIGITS = 6
RECOVERY_CODE_LENGTH = 10
_WINDOW_STEPS = 1
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def new_totp_secret() -> str:
    """160 random bits in base32, the size that RFC 4226 section 4 (R6) recommends."""
    return pyotp.random_base32(32)


def totp_uri(secret: str, account: str, issuer: str) -> str:
    """The `otpauth://` address that authenticator apps read from a QR code. It is a secret."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def matching_step(secret: str, code: str, now: datetime, *, last_step: int | None) -> int | None:
    """The time step that the code belongs to, or None if it is refused.

    Steps are 30 seconds since 1970; the step before and the one after now's are accepted too (RFC
    6238 section 5.2). A step at or below `last_step`, the last one accepted for this secret (None:
    none yet), never matches: store the answer in its place by a guarded UPDATE. Should one code
    fit two steps, the later is the answer, so that it cannot be used again for the other. Spaces
    in the code do not count. `now` must have a zone; a naive one is a `ValueError`.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    typed = code.replace(" ", "")
    if not _CODE.fullmatch(typed):
        return None
    generator = pyotp.TOTP(secret, digits=TOTP_DIGITS, interval=TOTP_STEP_SECONDS)
    present = int(now.timestamp()) // TOTP_STEP_SECONDS
    match: int | None = None
    for step in range(present - _WINDOW_STEPS, present + _WINDOW_STEPS + 1):
        fits = hmac.compare_digest(generator.generate_otp(step), typed)
        if fits and (last_step is None or step > last_step):
            match = step
    return match


def new_recovery_codes(n: int = 10) -> list[str]:
    """`n` different random codes of 10 symbols (50 bits), each to be used once, as they are tagged.

    Store keyed tags only; show `display_recovery_code` of each, once.
    """
    codes: set[str] = set()
    while len(codes) < n:
        codes.add(random_symbols(RECOVERY_CODE_LENGTH))
    return list(codes)


def display_recovery_code(code: str) -> str:
    """A recovery code in groups for people: `K7Q9X-4T2MB`.

    Raises `ValueError`, without the text, if it is not a normalised code.
    """
    if normalise_recovery_code(code) != code:
        raise ValueError("not a normalised recovery code")
    return f"{code[:5]}-{code[5:]}"


def normalise_recovery_code(text: str) -> str | None:
    """The 10 symbols that the text means, or None; forgiving as `normalise_code` is."""
    return read_symbols(text, RECOVERY_CODE_LENGTH)
