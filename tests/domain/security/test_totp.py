"""The second factor: each code once, in its half minute or next to it."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.totp import (
    display_recovery_code,
    matching_step,
    new_recovery_codes,
    new_totp_secret,
    normalise_recovery_code,
    totp_uri,
)

# The secret of RFC 6238 appendix B in base32; six of its eight digits are shown there.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW = datetime(2026, 12, 1, 12, 0, 10, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30


def code_of(step: int) -> str:
    """The code of a step."""
    return pyotp.TOTP(SECRET).generate_otp(step)


class TestMatching:
    """Which codes are accepted."""

    @pytest.mark.parametrize(
        ("seconds", "code"),
        [
            (59, "287082"),
            (1111111109, "081804"),
            (1111111111, "050471"),
            (1234567890, "005924"),
            (2000000000, "279037"),
        ],
    )
    def test_the_vectors_of_rfc_6238_match(self, seconds: int, code: str) -> None:
        """Appendix B, SHA-1, the last six digits."""
        now = datetime.fromtimestamp(seconds, UTC)
        assert matching_step(SECRET, code, now, last_step=None) == seconds // 30

    def test_the_step_before_and_the_one_after_are_accepted_and_no_further(self) -> None:
        """Clocks differ; three steps is what RFC 6238 section 5.2 leaves room for."""
        answers = {
            offset: matching_step(SECRET, code_of(STEP + offset), NOW, last_step=None)
            for offset in range(-3, 4)
        }
        assert answers == {
            -3: None,
            -2: None,
            -1: STEP - 1,
            0: STEP,
            1: STEP + 1,
            2: None,
            3: None,
        }

    def test_a_code_is_accepted_once(self) -> None:
        """Nor is an earlier one after it."""
        assert matching_step(SECRET, code_of(STEP), NOW, last_step=STEP - 1) == STEP
        assert matching_step(SECRET, code_of(STEP), NOW, last_step=STEP) is None
        assert matching_step(SECRET, code_of(STEP - 1), NOW, last_step=STEP) is None
        assert matching_step(SECRET, code_of(STEP + 1), NOW, last_step=STEP) == STEP + 1

    @given(st.integers(-4, 4), st.integers(-4, 4))
    def test_the_answer_is_always_above_the_last_step(self, offset: int, last: int) -> None:
        """Whatever the order in which codes arrive."""
        step = matching_step(SECRET, code_of(STEP + offset), NOW, last_step=STEP + last)
        assert step is None or step > STEP + last

    def test_a_code_that_fits_two_steps_counts_for_the_later(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So that it cannot be used again for the other one."""
        monkeypatch.setattr(pyotp.TOTP, "generate_otp", lambda *_: "123456")
        assert matching_step(SECRET, "123456", NOW, last_step=None) == STEP + 1

    def test_spaces_do_not_count_and_anything_else_does(self) -> None:
        """Authenticators show `123 456`; other digits and signs are refused."""
        code = code_of(STEP)
        assert matching_step(SECRET, f"{code[:3]} {code[3:]}", NOW, last_step=None) == STEP
        arabic = code.translate({ord(str(n)): chr(0x660 + n) for n in range(10)})
        for wrong in ("", code[:5], code + "0", "0" + code, "-" + code[1:], arabic, code + "\n"):
            assert matching_step(SECRET, wrong, NOW, last_step=None) is None

    def test_the_zone_of_now_does_not_matter_and_a_missing_one_is_refused(self) -> None:
        """A naive time would be read in the server's zone."""
        later = NOW.astimezone(datetime.now().astimezone().tzinfo) + timedelta(0)
        assert matching_step(SECRET, code_of(STEP), later, last_step=None) == STEP
        with pytest.raises(ValueError, match="zone"):
            matching_step(SECRET, code_of(STEP), NOW.replace(tzinfo=None), last_step=None)


class TestEnrolment:
    """What the authenticator app is given."""

    def test_a_secret_has_160_bits_and_is_new(self) -> None:
        """RFC 4226 section 4, R6."""
        secrets = {new_totp_secret() for _ in range(100)}
        assert len(secrets) == 100
        assert all(re.fullmatch(r"[A-Z2-7]{32}", secret) for secret in secrets)

    def test_the_address_names_issuer_account_and_secret(self) -> None:
        """Read from a QR code; signs in names are escaped."""
        address = urlsplit(totp_uri(SECRET, "ada@example.com", "Latchwork & Co"))
        assert (address.scheme, address.netloc) == ("otpauth", "totp")
        assert unquote(address.path) == "/Latchwork & Co:ada@example.com"
        assert parse_qs(address.query) == {"secret": [SECRET], "issuer": ["Latchwork & Co"]}


class TestRecoveryCodes:
    """Ten codes on paper."""

    def test_ten_different_codes_of_ten_symbols(self) -> None:
        """50 bits each."""
        codes = new_recovery_codes()
        assert len(set(codes)) == 10
        assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{10}", code) for code in codes)
        assert len(new_recovery_codes(3)) == 3

    def test_a_code_reads_back_as_it_is_shown_and_as_it_is_typed(self) -> None:
        """What is tagged is the normalised form."""
        for code in new_recovery_codes():
            shown = display_recovery_code(code)
            assert re.fullmatch(r".{5}-.{5}", shown)
            assert normalise_recovery_code(shown) == code
            assert normalise_recovery_code(f" {shown.lower()} ") == code

    def test_what_cannot_be_a_code_is_none(self) -> None:
        """Too short, too long, or with a sign that no code has."""
        for wrong in ("", "K7Q9X-4T2M", "K7Q9X-4T2MB2", "K7Q9X-4T2MU"):
            assert normalise_recovery_code(wrong) is None
        with pytest.raises(ValueError, match="normalised"):
            display_recovery_code("k7q9x4t2mb")
