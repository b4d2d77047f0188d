"""The proof by which a lock opens its socket: a JWT over a nonce of the server's.

The lock has no trusted clock yet, so the server gives a nonce and the lock signs it. No token is
believed that the lock's key did not sign: one of another algorithm ("none" first of all), with
another lock's name, or over an old nonce.
"""

from dataclasses import dataclass
from datetime import datetime

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from domain.link.keys import LinkKeys
from domain.security import base64url
from domain.security.unique_names import NameTwice, read_object

AUDIENCE = "lock-link"
MAX_PROOF_LENGTH = 4096
MAX_CLAIM_LENGTH = 2048
_ALGORITHM = "HS256"
_HEADER_FIELDS = frozenset({"alg", "typ", "kid"})
_UNREADABLE = (JoseError, ValueError, TypeError, RecursionError)
"""How the libraries fail on what anyone may send; RecursionError is JSON that nests without end."""


class ProofRefused(Exception):
    """The token proves nothing; the message names the claim or part at fault, never quotes it."""


@dataclass(frozen=True)
class ProofClaims:
    """What a proof says of itself."""

    lock_id: str
    """`sub`: the lock that wants to connect."""
    nonce: str
    """`nonce`: the challenge that it answers."""
    jti: str
    """`jti`: this proof's own name, so that the server takes it once."""


def make_proof(keys: LinkKeys, lock_id: str, nonce: str, jti: str) -> str:
    """A JWT (RFC 7519) signed with HS256 under the link key, for `connection_init`."""
    header = {"alg": _ALGORITHM, "typ": "JWT"}
    claims = {"sub": lock_id, "aud": AUDIENCE, "nonce": nonce, "jti": jti}
    return jwt.encode(header, claims, OctKey.import_key(keys.link), algorithms=[_ALGORITHM])


def claimed_proof(token: str) -> ProofClaims:
    """The claims *as written by anyone*: to find the lock whose keys to try, and its challenge.

    Believe nothing of them before `read_proof`. Raises ProofRefused if it is no such token.
    """
    return _stated(token)[2]


def read_proof(
    keys: LinkKeys, token: str, lock_id: str, nonce: str | None, now: datetime
) -> ProofClaims:
    """The claims, proven: signed by this lock's link key for this lock.

    `nonce` is the only one accepted; None leaves that check to the caller, who then must verify the
    returned one (the server's challenges are stateless). Whether `jti` was used is the caller's
    question too. `exp` and `nbf` are not needed, since a lock has no trusted clock yet; where they
    stand they hold (RFC 7519, 4.1.4 and 4.1.5). Raises ProofRefused.
    """
    header, stated, claims = _stated(token)
    _check_header(header)
    try:
        jwt.decode(token, OctKey.import_key(keys.link), algorithms=[_ALGORITHM])
    except _UNREADABLE:
        raise ProofRefused("signature: not made with the key of this lock") from None
    if "exp" in stated and not _moment(stated, "exp") > now.timestamp():
        raise ProofRefused("exp: over")
    if "nbf" in stated and not _moment(stated, "nbf") <= now.timestamp():
        raise ProofRefused("nbf: not yet")
    if claims.lock_id != lock_id:
        raise ProofRefused("sub: another lock")
    if nonce is not None and claims.nonce != nonce:
        raise ProofRefused("nonce: another challenge")
    return claims


def _stated(token: str) -> tuple[dict[str, object], dict[str, object], ProofClaims]:
    """Header, all claims and those of a proof, as written by anyone."""
    if len(token) > MAX_PROOF_LENGTH or not token.isascii():
        raise ProofRefused("token: too long, or not ASCII")
    try:
        payload = jws.extract_compact(token.encode("ascii")).payload
        header = read_object(base64url.decode(token.partition(".")[0]))
        claims = read_object(payload)
    except NameTwice:
        raise ProofRefused("token: a name stands in it twice") from None
    except _UNREADABLE:
        raise ProofRefused("token: must be a JWT") from None
    return header, claims, _claims_of(claims)


def _moment(claims: dict[str, object], name: str) -> float:
    """A NumericDate; NaN compares as neither side wants."""
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProofRefused(f"{name}: must be a number of seconds")
    return value


def _check_header(header: dict[str, object]) -> None:
    """Only what cannot change the meaning: no `crit`, no key of the token's own choice."""
    if header.get("alg") != _ALGORITHM:
        raise ProofRefused("header: the algorithm must be HS256")
    if not header.keys() <= _HEADER_FIELDS or not all(
        isinstance(value, str) for value in header.values()
    ):
        raise ProofRefused("header: must hold alg, and may hold typ and kid")


def _claims_of(claims: dict[str, object]) -> ProofClaims:
    if claims.get("aud") != AUDIENCE:
        raise ProofRefused("aud: must be lock-link")
    return ProofClaims(
        lock_id=_text(claims, "sub"), nonce=_text(claims, "nonce"), jti=_text(claims, "jti")
    )


def _text(claims: dict[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_CLAIM_LENGTH:
        raise ProofRefused(f"{name}: must be a short text")
    return value
