"""DPoP: a phone proves its key on every request (RFC 9449), and with our claim `bdh` also what it asks.

Every GraphQL call has the same URL, so without `bdh` one proof would be good for any body. That a proof counts once is
for `api.auth.seen_proofs`.

A proof is a JWT in the `DPoP` header: header `typ` "dpop+jwt", `alg` "ES256", `jwk` the public P-256 key; claims `htm`,
`htu`, `iat` within 300 s, `jti`, `ath` (base64url SHA-256 of the token) where there is a token, and `bdh`, the
base64url SHA-256 of the request body. No name stands twice in it. `exp` and `nbf` (RFC 7519) are not asked for, but count
where they are. Members of `jwk` beyond `kty`, `crv`, `x` and `y` count for nothing, as in its thumbprint; private ones
are refused.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from domain.security import base64url
from domain.security.unique_names import read_object

MAX_PROOF_LENGTH = 4096
FRESH_SECONDS = 300
ALGORITHM = "ES256"
TYPE = "dpop+jwt"
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, RecursionError)
"""How the libraries fail on a header of anyone's making; RecursionError is JSON that nests without end."""
_NO_TIME = 2**53
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:@\[\]]+)(?::(?P<port>[0-9]*))?")
"""Of RFC 3986, section 3.2, without user information, which no address of ours has."""
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
    _check_times(claims, now.timestamp())
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
    return Proof(thumbprint, digest(f"{thumbprint} {jti}".encode()))


def _key(header: str) -> ECKey:
    try:
        payload = jws.extract_compact(header.encode("ascii")).payload
        protected = read_object(base64url.decode(header.partition(".")[0]))
        read_object(payload)
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


def _check_times(claims: dict[str, Any], present: float) -> None:
    issued_at = claims.get("iat")
    if not _is_date(issued_at) or not -FRESH_SECONDS <= present - issued_at <= FRESH_SECONDS:
        raise ProofRefused("iat")
    if "exp" in claims and not (_is_date(claims["exp"]) and present < claims["exp"]):
        raise ProofRefused("exp")
    if "nbf" in claims and not (_is_date(claims["nbf"]) and present >= claims["nbf"]):
        raise ProofRefused("nbf")


def _is_date(claim: object) -> TypeGuard[float]:
    """A NumericDate (RFC 7519, section 2): a number of seconds since 1970, none beyond what a clock can show."""
    return isinstance(claim, int | float) and not isinstance(claim, bool) and 0 <= claim < _NO_TIME


def _same_url(claimed: str, url: str) -> bool:
    """Equal after the normalisation of RFC 3986, 6.2.2 and 6.2.3, query and fragment left out (RFC 9449, 4.3)."""
    return _normal(claimed) == _normal(url) is not None


def _normal(url: str) -> tuple[str, str, str, str] | None:
    """Scheme, host, port and path; None for what is no HTTP address, or is spelled in a way that parsers repair."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    authority = _AUTHORITY.fullmatch(parts.netloc.lower())
    default = {"http": "80", "https": "443"}.get(parts.scheme)
    if authority is None or default is None:
        return None
    return parts.scheme, authority["host"], authority["port"] or default, parts.path or "/"
