"""DPoP: a phone proves its key on every request (RFC 9449), and with our claim `bdh` also what it asks.

The dangerous directions: a proof accepted twice, a proof for another body (every GraphQL call has the same URL, so
without `bdh` a proof would be good for any of them), and a token accepted without its key.

A proof is a JWT in the `DPoP` header: header `typ` "dpop+jwt", `alg` "ES256", `jwk` the public P-256 key; claims `htm`,
`htu`, `iat` within 300 s, `jti`, `ath` (base64url SHA-256 of the token) where there is a token, and `bdh`, the
base64url SHA-256 of the request body.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from domain.security import base64url

MAX_PROOF_LENGTH = 4096
FRESH_SECONDS = 300
ALGORITHM = "ES256"
TYPE = "dpop+jwt"
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, RecursionError)
"""How the libraries fail on a header of anyone's making; RecursionError is JSON that nests without end."""
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})


class ProofRefused(Exception):
    """The proof does not hold. `code` says which part, for the client's log; nothing of the proof is quoted."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Proof:
    """What a valid proof establishes: the key's thumbprint (RFC 7638), and the proof's own name, to be taken once."""

    thumbprint: str
    proof_id: str
    issued_at: float


def digest(data: bytes) -> str:
    """Base64url of SHA-256, without padding: the form of `ath` and `bdh`."""
    return base64url.encode(hashlib.sha256(data).digest())


def read_proof(
    header: str, *, method: str, url: str, body: bytes, token: str | None, now: datetime
) -> Proof:
    """Checks everything but whether the proof was seen before. `url` is the public URL, without query and fragment.

    Raises ProofRefused.
    """
    if len(header) > MAX_PROOF_LENGTH or not header.isascii():
        raise ProofRefused("malformed")
    key = _key(header)
    try:
        claims = jwt.decode(header, key, algorithms=[ALGORITHM]).claims
    except _UNREADABLE:
        raise ProofRefused("signature") from None
    if claims.get("htm") != method:
        raise ProofRefused("htm")
    if not isinstance(claims.get("htu"), str) or not _same_url(claims["htu"], url):
        raise ProofRefused("htu")
    issued_at = claims.get("iat")
    if not isinstance(issued_at, int | float) or isinstance(issued_at, bool):
        raise ProofRefused("iat")
    present = now.timestamp()
    if not present - FRESH_SECONDS <= issued_at <= present + FRESH_SECONDS:  # NaN is in no range
        raise ProofRefused("iat")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti.isascii() or not 8 <= len(jti) <= 128:
        raise ProofRefused("jti")
    if not _equal(claims.get("bdh"), digest(body)):
        raise ProofRefused("bdh")
    if token is None:
        if "ath" in claims:
            raise ProofRefused("ath")
    elif not _equal(claims.get("ath"), digest(token.encode())):
        raise ProofRefused("ath")
    thumbprint = key.thumbprint()
    return Proof(thumbprint, digest(f"{thumbprint} {jti}".encode()), float(issued_at))


def _key(header: str) -> ECKey:
    try:
        protected = jws.extract_compact(header.encode("ascii")).headers()
    except _UNREADABLE:
        raise ProofRefused("malformed") from None
    jwk = protected.get("jwk")
    if protected.get("typ") != TYPE or protected.get("alg") != ALGORITHM:
        raise ProofRefused("header")
    if not isinstance(jwk, dict) or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise ProofRefused("jwk")
    if _PRIVATE_MEMBERS & jwk.keys():
        raise ProofRefused("jwk")
    try:
        return ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    except _UNREADABLE:
        raise ProofRefused("jwk") from None


def _equal(claim: object, expected: str) -> bool:
    return isinstance(claim, str) and claim.isascii() and hmac.compare_digest(claim, expected)


def _same_url(claimed: str, url: str) -> bool:
    """Equal after the normalisation of RFC 3986, 6.2.2 and 6.2.3, query and fragment left out (RFC 9449, 4.3)."""
    return _normal(claimed) == _normal(url)


def _normal(url: str) -> tuple[str, str, int | None, str] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    return parts.scheme.lower(), (parts.hostname or ""), port or default, parts.path or "/"
