"""Base64url has one spelling for each value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security import base64url


@given(st.binary(max_size=70))
def test_what_is_encoded_is_decoded(data: bytes) -> None:
    """Whatever the length, and no padding appears."""
    spelled = base64url.encode(data)
    assert "=" not in spelled
    assert base64url.decode(spelled) == data


@given(st.text(max_size=12))
def test_a_text_is_the_spelling_of_its_bytes_or_refused(text: str) -> None:
    """No two texts give the same bytes, and no other exception comes out."""
    try:
        data = base64url.decode(text)
    except ValueError:
        return
    assert base64url.encode(data) == text


@pytest.mark.parametrize("text", ["AA==", "AB", "+/+/", "A", "AAA\n", " AAAA", "AA.A", "ÄÄÄÄ"])
def test_every_other_spelling_is_refused(text: str) -> None:
    """Padding, spare bits, the alphabet of plain base64, half a byte, white space, anything else."""
    with pytest.raises(ValueError, match=r"^not base64url without padding$"):
        base64url.decode(text)
