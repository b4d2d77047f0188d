"""Who sends an HTTP request: a browser with a cookie, a phone with DPoP, or a script with a bearer token.

One request, one credential. A cookie counts only from a page of our own Origin, since another site's page can make a
browser send it. A phone's token sent as a bearer token is refused: it is worth nothing without its key.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request

from api.auth.cookies import known_cookie, session_cookie
from api.auth.dpop import FRESH_SECONDS, ProofRefused, read_proof
from api.auth.origins import foreign_page, is_own
from api.auth.remembered import RememberedCallers
from api.auth.seen_proofs import take_proof
from api.context import Identity, spenders_at
from api.protocol.buckets import Buckets, Spender
from api.protocol.requests import RequestRefused
from domain.actors import Actor
from domain.clock import Clock
from domain.installation import Installation
from domain.people.identities import api_token_actor, device_actor, session_actor

PROOFS_AT_ONCE = 300
"""Proofs that one network's strangers, or one phone, may send at once. Each is remembered for ten minutes."""


@dataclass(frozen=True)
class HttpAuthentication:
    """Turns a request into an identity, or refuses it with 401."""

    installation: Installation
    clock: Clock
    _strangers: Buckets = field(default_factory=lambda: Buckets(PROOFS_AT_ONCE, 5.0))
    _phones: Buckets = field(default_factory=lambda: Buckets(PROOFS_AT_ONCE, 20.0))
    _remembered: RememberedCallers = field(default_factory=RememberedCallers)

    async def identify(self, request: Request, body: bytes) -> Identity:
        """Who asks. Raises RequestRefused: 401 (RFC 9110 and RFC 9449, section 7.1) for a credential that does not hold, 429
        for a stranger's proof from an address that sends too many, and for a phone that does.
        """
        address = request.client.host if request.client else ""
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        proofs = request.headers.getlist("dpop")
        now = self.clock()
        if proofs or scheme.lower() == "dpop":
            return await self._phone(request, body, proofs, scheme, credential, address, now)
        if scheme.lower() == "bearer":
            return await self._script(credential.strip(), address, now)
        if scheme:
            raise _refused("invalid_token", "This kind of credential is not known here.")
        return await self._browser(request, address, now)

    async def _phone(
        self,
        request: Request,
        body: bytes,
        proofs: list[str],
        scheme: str,
        credential: str,
        address: str,
        now: datetime,
    ) -> Identity:
        if request.method != "POST":
            raise _refused(
                "invalid_dpop_proof", "A phone sends POST: a proof does not bind a query string."
            )
        if len(proofs) != 1:
            raise _refused("invalid_dpop_proof", "Send exactly one DPoP header.")
        if scheme and scheme.lower() != "dpop":
            raise _refused(
                "invalid_token", "A token bound to a key is sent as DPoP, with its proof."
            )
        token = credential.strip() or None
        url = f"{self.installation.public_url}{request.url.path}"
        if token is None and not self._strangers.admit(spenders_at(address), now.timestamp()):
            raise _too_many("Too many proofs from this address: wait a little.")
        try:
            proof = read_proof(
                proofs[0],
                method="POST",
                url=url,
                body=body,
                token=token,
                now=now,
            )
        except ProofRefused as refused:
            raise self._proof_refused(refused.code, now, url) from None
        actor: Actor | None = None
        if token is not None:
            shown, thumbprint = token, proof.thumbprint
            actor = await self._remembered.caller(
                "phone",
                f"{shown} {thumbprint}",
                now,
                lambda: device_actor(self.installation, shown, thumbprint, now),
            )
            if actor is None:
                raise _refused(
                    "invalid_token", "This access has ended, or the token is not this phone's."
                )
            if not self._phones.admit([Spender(proof.thumbprint)], now.timestamp()):
                raise _too_many("Too many proofs by this phone: wait a little.")
        if not await take_proof(proof.proof_id, now + timedelta(seconds=2 * FRESH_SECONDS)):
            raise self._proof_refused("jti", now, url)
        return Identity(actor, address, thumbprint=proof.thumbprint)

    def _proof_refused(self, part: str, now: datetime, url: str) -> RequestRefused:
        """With the server's time, so that a phone with a wrong clock can correct itself and try once more.

        For another `htu` with the one to prove: this server may be reached by an address that is not its public URL.
        """
        refusal = _refused(
            "invalid_dpop_proof", f"The DPoP proof does not hold ({part}).", scheme="DPoP"
        )
        refusal.extensions.update(part=part, serverTime=now.isoformat())
        if part == "htu":
            refusal.extensions["htu"] = url
        return refusal

    async def _script(self, token: str, address: str, now: datetime) -> Identity:
        actor = await self._remembered.caller(
            "script", token, now, lambda: api_token_actor(self.installation, token, now)
        )
        if actor is None:
            raise _refused(
                "invalid_token", "This token is unknown, revoked or expired.", scheme="Bearer"
            )
        return Identity(actor, address)

    async def _browser(self, request: Request, address: str, now: datetime) -> Identity:
        cookie = request.cookies.get(session_cookie(self.installation), "")
        known = request.cookies.get(known_cookie(self.installation), "")
        origin = request.headers.get("origin")
        if origin is not None and not is_own(self.installation, origin):
            if cookie:
                raise foreign_page(self.installation)
            # A page of another origin may ask, without a sign-in; it gets no cookie either.
            return Identity(None, address, foreign_page=True)
        if cookie and origin is None and request.method != "GET":
            raise _refused("invalid_request", "A cookie needs this site's own Origin header.")
        actor: Actor | None = None
        if cookie:
            actor = await self._remembered.caller(
                "browser", cookie, now, lambda: session_actor(self.installation, cookie, now)
            )
        return Identity(actor, address, known_browser=known, session_token=cookie if actor else "")


def _too_many(message: str) -> RequestRefused:
    return RequestRefused(429, "THROTTLED", message, {"retry-after": "1"}, {"retryAfterSeconds": 1})


def _refused(code: str, message: str, scheme: str = "DPoP") -> RequestRefused:
    challenge = f'{scheme} error="{code}"'
    if scheme == "DPoP":
        challenge += ', algs="ES256"'
    return RequestRefused(401, code.upper(), message, {"www-authenticate": challenge})
