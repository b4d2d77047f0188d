"""The proof of a lock: only its key, for itself, over the nonce that it was given."""

import base64
import contextlib
import hashlib
import hmac
import string
from collections.abc import Callable
from datetime import UTC, datetime

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
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
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


def padded(length: int) -> str:
    """A proof of exactly this many characters, by claims that mean nothing."""
    for room in range(length):
        token = signed({"alg": "HS256"}, {**CLAIMS, "x": "x" * room})
        if len(token) == length:
            return token
        if len(token) > length:
            break
    header = {"alg": "HS256", "kid": "k"}
    for room in range(length):
        token = signed(header, {**CLAIMS, "x": "x" * room})
        if len(token) == length:
            return token
    raise AssertionError("base64url has a length for each of these")


class TestProof:
    """What a lock sends and the server reads."""

    def test_a_proof_is_read_with_the_key_it_was_made_with(self) -> None:
        """And its claims come back."""
        token = make_proof(KEYS, LOCK, NONCE, JTI)
        assert read_proof(KEYS, token, LOCK, NONCE, NOW) == ProofClaims(LOCK, NONCE, JTI)

    def test_the_proof_of_a_known_secret(self) -> None:
        """Golden: HS256 is deterministic, so firmware of others can compare byte for byte."""
        assert make_proof(KEYS, LOCK, NONCE, JTI) == GOLDEN

    def test_one_made_by_hand_from_the_specification_is_read(self) -> None:
        """RFC 7515 with any JSON spelling, further claims and no `typ`, as other libraries make."""
        token = signed({"alg": "HS256"}, b'{ "iat":1, ' + orjson.dumps(CLAIMS)[1:])
        assert read_proof(KEYS, token, LOCK, NONCE, NOW).jti == JTI

    def test_claims_can_be_read_before_the_key_is_known(self) -> None:
        """To find the lock; they are as anyone wrote them, so a forged one is read alike."""
        assert claimed_proof(GOLDEN) == ProofClaims(LOCK, NONCE, JTI)
        forged = GOLDEN.rpartition(".")[0] + "."
        assert claimed_proof(forged) == ProofClaims(LOCK, NONCE, JTI)

    def test_without_an_expected_nonce_the_caller_gets_it_to_check(self) -> None:
        """Challenges are stateless: the server verifies the returned one."""
        assert read_proof(KEYS, GOLDEN, LOCK, None, NOW).nonce == NONCE


class TestRefusals:
    """Whatever the lock's key did not sign for this lock and nonce."""

    def test_every_single_bit_that_flips_is_refused(self) -> None:
        """Header, claims, signature and the dots; a second spelling is no proof either."""
        for position in range(len(GOLDEN) * 8):
            changed = bytearray(GOLDEN, "ascii")
            changed[position // 8] ^= 1 << position % 8
            with pytest.raises(ProofRefused):
                read_proof(KEYS, changed.decode("latin-1"), LOCK, NONCE, NOW)

    def test_a_second_spelling_of_the_signature_is_refused(self) -> None:
        """Its last symbol has two spare bits; of the four spellings only one is a proof."""
        accepted = []
        for symbol in string.ascii_letters + string.digits + "-_=+/":
            with contextlib.suppress(ProofRefused):
                read_proof(KEYS, GOLDEN[:-1] + symbol, LOCK, NONCE, NOW)
                accepted.append(symbol)
        assert accepted == [GOLDEN[-1]]
        for more in ("=", "A", "\n", " "):
            with pytest.raises(ProofRefused):
                read_proof(KEYS, GOLDEN + more, LOCK, NONCE, NOW)

    def test_another_lock_another_nonce_and_another_key_are_refused(self) -> None:
        """Each by name."""
        with pytest.raises(ProofRefused, match="sub"):
            read_proof(KEYS, GOLDEN, "lock-2", NONCE, NOW)
        with pytest.raises(ProofRefused, match="nonce"):
            read_proof(KEYS, GOLDEN, LOCK, "challenge-2", NOW)
        with pytest.raises(ProofRefused, match="signature"):
            read_proof(OTHER, GOLDEN, LOCK, NONCE, NOW)

    @pytest.mark.parametrize("name", ["none", "None", "NONE", "", "HS384", "HS512", "ES256", None])
    def test_any_other_algorithm_is_refused(self, name: object) -> None:
        """Signed or not: the algorithm is ours to choose, not the token's."""
        unsigned = f"{segment({'alg': name})}.{segment(CLAIMS)}."
        for token in (unsigned, signed({"alg": name}, CLAIMS)):
            with pytest.raises(ProofRefused):
                read_proof(KEYS, token, LOCK, NONCE, NOW)

    def test_hs512_with_the_right_key_is_refused(self) -> None:
        """Although its signature is right."""
        with pytest.raises(ProofRefused, match="HS256"):
            read_proof(
                KEYS, signed({"alg": "HS512"}, CLAIMS, digest=hashlib.sha512), LOCK, NONCE, NOW
            )

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
            read_proof(KEYS, signed(header, CLAIMS), LOCK, NONCE, NOW)

    @pytest.mark.parametrize("name", ["sub", "aud", "nonce", "jti"])
    def test_every_claim_is_needed_and_is_a_short_text(self, name: str) -> None:
        """Missing, null, a number, a list, empty, or too long."""
        left_out = {key: value for key, value in CLAIMS.items() if key != name}
        wrong: list[dict[str, object]] = [left_out]
        wrong += [{**CLAIMS, name: value} for value in (None, 1, ["lock-link"], "", "x" * 2049)]
        for claims in wrong:
            token = signed({"alg": "HS256"}, claims)
            with pytest.raises(ProofRefused):
                read_proof(KEYS, token, LOCK, None, NOW)
            with pytest.raises(ProofRefused):
                claimed_proof(token)

    def test_another_audience_is_refused(self) -> None:
        """A token that the lock signed for something else opens no socket."""
        with pytest.raises(ProofRefused, match="aud"):
            read_proof(KEYS, signed({"alg": "HS256"}, {**CLAIMS, "aud": "lease"}), LOCK, NONCE, NOW)

    @pytest.mark.parametrize(
        "token", ["", ".", "..", "a.b", "a.b.c.d", GOLDEN + ".", "x" * 5000, "é.é.é", "[" * 4000]
    )
    def test_what_is_no_token_is_refused(self, token: str) -> None:
        """By the same exception, whatever it is."""
        with pytest.raises(ProofRefused):
            read_proof(KEYS, token, LOCK, NONCE, NOW)
        with pytest.raises(ProofRefused):
            claimed_proof(token)

    def test_deeply_nested_claims_raise_nothing_else(self) -> None:
        """They are read or refused, whatever a parser's depth."""
        for depth in (300, 900, 1023, 1400):
            nested = b'{"x":' + b"[" * depth + b"]" * depth + b"," + orjson.dumps(CLAIMS)[1:]
            token = signed({"alg": "HS256"}, nested)
            with contextlib.suppress(ProofRefused):
                assert read_proof(KEYS, token, LOCK, NONCE, NOW).jti == JTI

    @pytest.mark.parametrize(("length", "taken"), [(4096, True), (4097, False), (5000, False)])
    def test_a_signed_proof_has_4096_characters_at_most(self, length: int, taken: bool) -> None:
        """However right its signature is."""
        token = padded(length)
        assert len(token) == length
        if taken:
            assert read_proof(KEYS, token, LOCK, NONCE, NOW).jti == JTI
            return
        with pytest.raises(ProofRefused, match="too long"):
            read_proof(KEYS, token, LOCK, NONCE, NOW)

    @pytest.mark.parametrize("name", ["sub", "aud", "nonce", "jti", "other"])
    @pytest.mark.parametrize("value", [JTI, None])
    def test_a_claim_given_twice_is_refused(self, name: str, value: object) -> None:
        """RFC 7519 section 4: names are unique; also those of objects within, and both times alike."""
        spelled = orjson.dumps({**CLAIMS, "other": 1})
        first = orjson.dumps({name: value})[1:-1]
        for claims in (
            b"{" + first + b"," + spelled[1:],
            spelled[:-1] + b"," + first + b"}",
            spelled[:-1] + b',"x":{' + first + b"," + first + b"}}",
        ):
            token = signed({"alg": "HS256"}, claims)
            with pytest.raises(ProofRefused, match="twice"):
                read_proof(KEYS, token, LOCK, NONCE, NOW)
            with pytest.raises(ProofRefused, match="twice"):
                claimed_proof(token)

    @pytest.mark.parametrize(
        "header", [b'{"alg":"none","alg":"HS256"}', b'{"alg":"HS256","alg":"HS256"}']
    )
    def test_a_header_given_twice_is_refused(self, header: bytes) -> None:
        """RFC 7515 section 4."""
        with pytest.raises(ProofRefused, match="twice"):
            read_proof(KEYS, signed(header, CLAIMS), LOCK, NONCE, NOW)

    @pytest.mark.parametrize(
        ("claim", "seconds", "taken"),
        [
            ("exp", -1, False),
            ("exp", 0, False),
            ("exp", 1, True),
            ("nbf", 1, False),
            ("nbf", 0, True),
            ("nbf", -1, True),
        ],
    )
    def test_a_claim_that_says_not_now_refuses(
        self, claim: str, seconds: float, taken: bool
    ) -> None:
        """RFC 7519, 4.1.4 and 4.1.5: neither is asked for, both hold where they stand."""
        token = signed({"alg": "HS256"}, {**CLAIMS, claim: NOW.timestamp() + seconds})
        if taken:
            assert read_proof(KEYS, token, LOCK, NONCE, NOW).jti == JTI
            return
        with pytest.raises(ProofRefused, match=claim):
            read_proof(KEYS, token, LOCK, NONCE, NOW)

    @pytest.mark.parametrize("value", ["tomorrow", None, True, [1], b"NaN"])
    @pytest.mark.parametrize("claim", ["exp", "nbf"])
    def test_such_a_claim_is_a_number(self, claim: str, value: object) -> None:
        """What cannot be compared with the present says nothing about it."""
        spelled = value if isinstance(value, bytes) else orjson.dumps(value)
        claims = orjson.dumps(CLAIMS)[:-1] + f',"{claim}":'.encode() + spelled + b"}"
        with pytest.raises(ProofRefused, match=claim):
            read_proof(KEYS, signed({"alg": "HS256"}, claims), LOCK, NONCE, NOW)

    @given(st.text(max_size=80))
    def test_noise_is_refused(self, noise: str) -> None:
        """No other exception, and the message does not echo it."""
        for token in (noise, f"{noise}.{noise}.{noise}", f"{segment({'alg': 'HS256'})}.{noise}.x"):
            with pytest.raises(ProofRefused):
                read_proof(KEYS, token, LOCK, NONCE, NOW)
            with pytest.raises(ProofRefused):
                claimed_proof(token)

    def test_messages_name_the_claim_and_quote_nothing(self) -> None:
        """They end in logs."""
        with pytest.raises(ProofRefused) as refusal:
            read_proof(KEYS, GOLDEN, "lock-2", NONCE, NOW)
        assert not any(part in str(refusal.value) for part in (LOCK, "lock-2", NONCE, JTI))
