"""The proof of a lock: only its key, for itself, over the nonce that it was given."""

import base64
import contextlib
import hashlib
import hmac
import string
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.link.keys import LinkKeys
from domain.link.proof import ProofClaims, ProofRefused, claimed_proof, make_proof, read_proof

KEYS = LinkKeys.derive(bytes(range(32)))
OTHER = LinkKeys.derive(bytes(32))
LOCK, NONCE, JTI = "lock-1", "challenge-1", "proof-1"
GOLDEN = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."
    "eyJzdWIiOiJsb2NrLTEiLCJhdWQiOiJsb2NrLWxpbmsiLCJub25jZSI6ImNoYWxsZW5nZS0xIiwianRp"
    "IjoicHJvb2YtMSJ9."
    "QySab3UZstKA_SX0xqfN6XbHD9-ovnngz4CYAEE5pAE"
)
CLAIMS: dict[str, object] = {"sub": LOCK, "aud": "lock-link", "nonce": NONCE, "jti": JTI}


def segment(value: object) -> str:
    """A part of a JWT."""
    data = value if isinstance(value, bytes) else orjson.dumps(value)
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(
    header: object,
    claims: object,
    key: bytes = KEYS.link,
    digest: Callable[..., "hashlib._Hash"] = hashlib.sha256,
) -> str:
    """A token made by hand, with a signature that is right for its key and hash."""
    spelled = f"{segment(header)}.{segment(claims)}"
    return f"{spelled}.{segment(hmac.digest(key, spelled.encode(), digest))}"


class TestProof:
    """What a lock sends and the server reads."""

    def test_a_proof_is_read_with_the_key_it_was_made_with(self) -> None:
        """And its claims come back."""
        token = make_proof(KEYS, LOCK, NONCE, JTI)
        assert read_proof(KEYS, token, LOCK, NONCE) == ProofClaims(LOCK, NONCE, JTI)

    def test_the_proof_of_a_known_secret(self) -> None:
        """Golden: HS256 is deterministic, so firmware of others can compare byte for byte."""
        assert make_proof(KEYS, LOCK, NONCE, JTI) == GOLDEN

    def test_one_made_by_hand_from_the_specification_is_read(self) -> None:
        """RFC 7515 with any JSON spelling, further claims and no `typ`, as other libraries make."""
        token = signed({"alg": "HS256"}, b'{ "iat":1, ' + orjson.dumps(CLAIMS)[1:])
        assert read_proof(KEYS, token, LOCK, NONCE).jti == JTI

    def test_claims_can_be_read_before_the_key_is_known(self) -> None:
        """To find the lock; they are as anyone wrote them, so a forged one is read alike."""
        assert claimed_proof(GOLDEN) == ProofClaims(LOCK, NONCE, JTI)
        forged = GOLDEN.rpartition(".")[0] + "."
        assert claimed_proof(forged) == ProofClaims(LOCK, NONCE, JTI)

    def test_without_an_expected_nonce_the_caller_gets_it_to_check(self) -> None:
        """Challenges are stateless: the server verifies the returned one."""
        assert read_proof(KEYS, GOLDEN, LOCK, None).nonce == NONCE


class TestRefusals:
    """Whatever the lock's key did not sign for this lock and nonce."""

    def test_every_single_bit_that_flips_is_refused(self) -> None:
        """Header, claims, signature and the dots; a second spelling is no proof either."""
        for position in range(len(GOLDEN) * 8):
            changed = bytearray(GOLDEN, "ascii")
            changed[position // 8] ^= 1 << position % 8
            with pytest.raises(ProofRefused):
                read_proof(KEYS, changed.decode("latin-1"), LOCK, NONCE)

    def test_a_second_spelling_of_the_signature_is_refused(self) -> None:
        """Its last symbol has two spare bits; of the four spellings only one is a proof."""
        accepted = []
        for symbol in string.ascii_letters + string.digits + "-_=+/":
            with contextlib.suppress(ProofRefused):
                read_proof(KEYS, GOLDEN[:-1] + symbol, LOCK, NONCE)
                accepted.append(symbol)
        assert accepted == [GOLDEN[-1]]
        for more in ("=", "A", "\n", " "):
            with pytest.raises(ProofRefused):
                read_proof(KEYS, GOLDEN + more, LOCK, NONCE)

    def test_another_lock_another_nonce_and_another_key_are_refused(self) -> None:
        """Each by name."""
        with pytest.raises(ProofRefused, match="sub"):
            read_proof(KEYS, GOLDEN, "lock-2", NONCE)
        with pytest.raises(ProofRefused, match="nonce"):
            read_proof(KEYS, GOLDEN, LOCK, "challenge-2")
        with pytest.raises(ProofRefused, match="signature"):
            read_proof(OTHER, GOLDEN, LOCK, NONCE)

    @pytest.mark.parametrize("name", ["none", "None", "NONE", "", "HS384", "HS512", "ES256", None])
    def test_any_other_algorithm_is_refused(self, name: object) -> None:
        """Signed or not: the algorithm is ours to choose, not the token's."""
        unsigned = f"{segment({'alg': name})}.{segment(CLAIMS)}."
        for token in (unsigned, signed({"alg": name}, CLAIMS)):
            with pytest.raises(ProofRefused):
                read_proof(KEYS, token, LOCK, NONCE)

    def test_hs512_with_the_right_key_is_refused(self) -> None:
        """Although its signature is right."""
        with pytest.raises(ProofRefused, match="HS256"):
            read_proof(KEYS, signed({"alg": "HS512"}, CLAIMS, digest=hashlib.sha512), LOCK, NONCE)

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "HS256", "crit": ["b64"], "b64": False},
            {"alg": "HS256", "crit": ["exp"], "exp": 1},
            {"alg": "HS256", "jwk": {"kty": "oct", "k": "AA"}},
            {"alg": "HS256", "jku": "https://example.com/keys"},
            {"alg": "HS256", "kid": 1},
            {"alg": ["HS256"]},
            b'{"alg":"HS256","kid":' + b"[" * 1000 + b"]" * 1000 + b"}",
            ["HS256"],
            "HS256",
        ],
    )
    def test_headers_that_change_the_meaning_are_refused(self, header: object) -> None:
        """RFC 7515 section 4.1.11: what must be understood and is not, refuses the whole."""
        with pytest.raises(ProofRefused):
            read_proof(KEYS, signed(header, CLAIMS), LOCK, NONCE)

    @pytest.mark.parametrize("name", ["sub", "aud", "nonce", "jti"])
    def test_every_claim_is_needed_and_is_a_short_text(self, name: str) -> None:
        """Missing, null, a number, a list, empty, or too long."""
        left_out = {key: value for key, value in CLAIMS.items() if key != name}
        wrong: list[dict[str, object]] = [left_out]
        wrong += [{**CLAIMS, name: value} for value in (None, 1, ["lock-link"], "", "x" * 2049)]
        for claims in wrong:
            token = signed({"alg": "HS256"}, claims)
            with pytest.raises(ProofRefused):
                read_proof(KEYS, token, LOCK, None)
            with pytest.raises(ProofRefused):
                claimed_proof(token)

    def test_another_audience_is_refused(self) -> None:
        """A token that the lock signed for something else opens no socket."""
        with pytest.raises(ProofRefused, match="aud"):
            read_proof(KEYS, signed({"alg": "HS256"}, {**CLAIMS, "aud": "lease"}), LOCK, NONCE)

    @pytest.mark.parametrize(
        "token", ["", ".", "..", "a.b", "a.b.c.d", GOLDEN + ".", "x" * 5000, "é.é.é", "[" * 4000]
    )
    def test_what_is_no_token_is_refused(self, token: str) -> None:
        """By the same exception, whatever it is."""
        with pytest.raises(ProofRefused):
            read_proof(KEYS, token, LOCK, NONCE)
        with pytest.raises(ProofRefused):
            claimed_proof(token)

    def test_deeply_nested_claims_raise_nothing_else(self) -> None:
        """They are read or refused, whatever a parser's depth."""
        for depth in (300, 900, 1023, 1400):
            nested = b'{"x":' + b"[" * depth + b"]" * depth + b"," + orjson.dumps(CLAIMS)[1:]
            token = signed({"alg": "HS256"}, nested)
            with contextlib.suppress(ProofRefused):
                assert read_proof(KEYS, token, LOCK, NONCE).jti == JTI

    @given(st.text(max_size=80))
    def test_noise_is_refused(self, noise: str) -> None:
        """No other exception, and the message does not echo it."""
        for token in (noise, f"{noise}.{noise}.{noise}", f"{segment({'alg': 'HS256'})}.{noise}.x"):
            with pytest.raises(ProofRefused):
                read_proof(KEYS, token, LOCK, NONCE)
            with pytest.raises(ProofRefused):
                claimed_proof(token)

    def test_messages_name_the_claim_and_quote_nothing(self) -> None:
        """They end in logs."""
        with pytest.raises(ProofRefused) as refusal:
            read_proof(KEYS, GOLDEN, "lock-2", NONCE)
        assert not any(part in str(refusal.value) for part in (LOCK, "lock-2", NONCE, JTI))
