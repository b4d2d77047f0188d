"""DPoP: a phone's token is worth nothing without its key, and a proof is good for one request, with one body."""

import asyncio
import base64
import json
import time
from datetime import datetime
from typing import Any

import httpx
import orjson
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey

from api.auth.dpop import FRESH_SECONDS, _same_url, digest
from api.tour.phone import REDEEM, Phone
from domain.audit.tables import AuditRow
from domain.people.tables import Device
from tests.serving import House, Served

ME = orjson.dumps({"query": "{ me { ... on Device { id name } } }"})


class Forger(Phone):
    """A phone that makes proofs which a good phone would not."""

    def forged(
        self,
        body: bytes = ME,
        *,
        header: dict[str, Any] | None = None,
        key: Any = None,
        without: str = "",
        **claims: Any,
    ) -> str:
        """A proof with other header members, another key, other claims, or without one of them."""
        said = jwt.decode(self.proof(body), self._key, algorithms=["ES256"]).claims | claims
        said.pop(without, None)
        head: dict[str, Any] = {
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": self._key.as_dict(private=False),
        }
        head |= header or {}
        return jwt.encode(head, said, key or self._key, algorithms=[head["alg"]])

    def raw(self, header: bytes, payload: bytes, signature: bytes = b"x" * 64) -> str:
        """A compact JWS of these bytes, whatever they are."""
        parts = (header, payload, signature)
        return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)

    async def knock(
        self, *proofs: str, body: bytes = ME, scheme: str | None = "DPoP", token: str | None = None
    ) -> httpx.Response:
        """POSTs the body with these proofs and the token."""
        headers = [(b"content-type", b"application/json")]
        headers += [(b"dpop", each.encode()) for each in proofs]
        if scheme:
            headers.append((b"authorization", f"{scheme} {token or self.token}".encode()))
        return await self._http.post(f"{self.url}/graphql", content=body, headers=headers)


def forger(served: Served) -> Forger:
    return Forger(served.url, served.http)


async def guest(served: Served) -> tuple[House, Forger]:
    """A house, and a phone that redeemed an invitation to it."""
    house = await served.site()
    entry = await house.lock()
    made = await house.invitation(entry["lockId"], deviceLimit=5)
    phone = forger(served)
    await phone.redeem(made["code"])
    return house, phone


def refusal(answer: httpx.Response) -> str:
    """The code of a 401, checked for its form: a challenge in the header, no data, nothing to cache."""
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"].startswith(("DPoP", "Bearer"))
    assert answer.headers["cache-control"] == "no-store"
    (error,) = answer.json()["errors"]
    assert "data" not in answer.json()
    return str(error["extensions"].get("part") or error["extensions"]["code"])


async def test_a_token_opens_nothing_without_its_key(served: Served) -> None:
    """Proves that a stolen token fails alone, as a bearer, with a thief's own key, and beside another scheme."""
    _, phone = await guest(served)
    thief = forger(served)
    thief.token = phone.token

    assert (await phone.knock(phone.proof(ME))).json()["data"]["me"]["name"] == "My phone"
    assert refusal(await phone.knock()) == "INVALID_DPOP_PROOF"
    assert refusal(await phone.knock(scheme="Bearer")) == "INVALID_TOKEN"
    assert refusal(await phone.knock(phone.proof(ME), scheme="Bearer")) == "INVALID_TOKEN"
    assert refusal(await thief.knock(thief.proof(ME))) == "INVALID_TOKEN"
    assert refusal(await phone.knock(phone.proof(ME), token="lwd_made-up")) == "ath"
    assert refusal(await phone.knock(phone.proof(ME), scheme="Basic")) == "INVALID_TOKEN"


async def test_a_name_stands_once_in_a_proof(served: Served) -> None:
    """RFC 7515 and 7519, section 4: a claim or a member of the header given twice could be read in two ways."""
    _, phone = await guest(served)
    claims = orjson.dumps(jwt.decode(phone.proof(ME), phone._key, algorithms=["ES256"]).claims)
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": phone._key.as_dict(private=False)}

    def signed(payload: bytes) -> str:
        return jws.serialize_compact(head, payload, phone._key, algorithms=["ES256"])

    whole = await phone.knock(signed(claims))
    assert whole.status_code == 200
    for name in (b"jti", b"iat", b"htu", b"other"):
        value = b'"0123456789"'
        twice = b'{"%b":%b,' % (name, value) + claims[1:-1] + b',"%b":%b}' % (name, value)
        assert refusal(await phone.knock(signed(twice))) == "malformed"
    spelled = orjson.dumps(head)
    for header in (b'{"alg":"none",' + spelled[1:], spelled[:-1] + b',"typ":"JWT"}'):
        assert refusal(await phone.knock(phone.raw(header, claims))) == "malformed"


async def test_a_proof_is_good_for_its_own_request_only(served: Served) -> None:
    """Proves each binding by itself: body, URL, method, time, token, name, key, algorithm; and says which failed."""
    _, phone = await guest(served)
    now = int(time.time())
    other = ECKey.generate_key("P-256", private=True)
    jwk, private = phone._key.as_dict(private=False), phone._key.as_dict(private=True)
    host = served.url.removeprefix("http://")

    def called(alg: str, signature: bytes) -> str:
        return phone.raw(
            orjson.dumps({"typ": "dpop+jwt", "alg": alg, "jwk": jwk}), b"{}", signature
        )

    refused: list[tuple[str, str]] = [
        (phone.forged(b'{"query":"{ sites { nodes { id } } }"}'), "bdh"),
        (phone.forged(without="bdh"), "bdh"),
        (phone.forged(htu="http://evil.example/graphql"), "htu"),
        (phone.forged(htu=f"https://{host}/graphql"), "htu"),
        (phone.forged(htu=f"{served.url}/healthz"), "htu"),
        (phone.forged(htu=f"http://a@{host}/graphql"), "htu"),
        (phone.forged(htu=f"http://a:b@{host}/graphql"), "htu"),
        (phone.forged(htu=f"http://@{host}/graphql"), "htu"),
        (phone.forged(htu=f"http://{host}:/graphql"), "htu"),
        (phone.forged(htu=f"http://{host}/GraphQL"), "htu"),
        (phone.forged(htu=f"http://{host}/graphql/"), "htu"),
        (phone.forged(htu=f"http://{host}/./graphql"), "htu"),
        (phone.forged(htu=f" http://{host}/graphql"), "htu"),
        (phone.forged(htu=f"http://{host}/graph\nql"), "htu"),
        (phone.forged(htu=f"//{host}/graphql"), "htu"),
        (phone.forged(htu="/graphql"), "htu"),
        (phone.forged(htu=""), "htu"),
        (phone.forged(without="htu"), "htu"),
        (phone.forged(htm="GET"), "htm"),
        (phone.forged(htm="post"), "htm"),
        (phone.forged(iat=now - FRESH_SECONDS - 5), "iat"),
        (phone.forged(iat=now + FRESH_SECONDS + 5), "iat"),
        (phone.forged(without="iat"), "iat"),
        (phone.forged(iat=True), "iat"),
        (phone.forged(iat=str(now)), "iat"),
        (phone.forged(iat=10**400), "iat"),
        (phone.forged(exp=now - 1), "exp"),
        (phone.forged(exp=now - 1, nbf=now - 2), "exp"),
        (phone.forged(exp=str(now + 100)), "exp"),
        (phone.forged(exp=None), "exp"),
        (phone.forged(exp=True), "exp"),
        (phone.forged(exp=10**400), "exp"),
        (phone.forged(nbf=now + 100), "nbf"),
        (phone.forged(nbf=str(now - 100)), "nbf"),
        (phone.forged(nbf=None), "nbf"),
        (phone.forged(without="jti"), "jti"),
        (phone.forged(jti="short"), "jti"),
        (phone.forged(jti="j" * 129), "jti"),
        (phone.forged(without="ath"), "ath"),
        (phone.forged(ath=digest(b"lwd_of-somebody-else")), "ath"),
        (phone.forged(key=other), "signature"),
        (phone.forged(header={"jwk": other.as_dict(private=True)}, key=other), "jwk"),
        (phone.forged(header={"jwk": private}), "jwk"),
        (phone.forged(header={"typ": "JWT"}), "header"),
        (phone.forged(header={"alg": "HS256"}, key=OctKey.import_key(b"k" * 32)), "header"),
        (called("none", b""), "header"),
        (called("RS256", b"x" * 256), "header"),
        (called("ES384", b"x" * 96), "header"),
        (called("ES256", b""), "signature"),
    ]
    for proof, part in refused:
        assert refusal(await phone.knock(proof)) == part
    assert refusal(await phone.knock(phone.proof(ME), phone.proof(ME))) == "INVALID_DPOP_PROOF"
    # The same URL written otherwise is the same URL (RFC 9449, 4.3), and query strings do not count.
    for htu in (f"{served.url}/graphql?x=1#y", f"HTTP://{host}/graphql"):
        assert (await phone.knock(phone.forged(htu=htu))).status_code == 200
    # Claims that say "now" say nothing else, and what else a library writes into the key is not asked for.
    assert (await phone.knock(phone.forged(exp=now + 100, nbf=now - 1))).status_code == 200
    named = jwk | {"alg": "ES256", "use": "sig", "kid": "of the library"}
    assert (await phone.knock(phone.forged(header={"jwk": named}))).status_code == 200


@pytest.mark.parametrize(
    ("claimed", "same"),
    [
        ("https://doors.example/graphql", True),
        ("HTTPS://Doors.Example:443/graphql", True),
        ("https://doors.example:/graphql?query=1#fragment", True),
        ("https://doors.example:80/graphql", False),
        ("https://doors.example:0443/graphql", False),
        ("https://doors.example.:443/graphql", False),
        ("https://doors.example:443:/graphql", False),
        ("https://doors.example", False),
        ("http://doors.example/graphql", False),
        ("https://a@doors.example/graphql", False),
        ("https://doors.example\\@evil.example/graphql", False),
        ("https://evil.example/https://doors.example/graphql", False),
        ("ftp://doors.example/graphql", False),
        ("https://döors.example/graphql", False),
        ("https://[doors.example/graphql", False),
    ],
)
def test_an_address_is_compared_as_a_whole(claimed: str, same: bool) -> None:
    """Case of scheme and host and the default port are spelling (RFC 3986, 6.2); all else is another address."""
    assert _same_url(claimed, "https://doors.example/graphql") is same


async def test_malformed_proofs_are_refused_and_never_fail(served: Served) -> None:
    """Proves that no form of a proof, however odd, becomes a server error: 401 for each."""
    _, phone = await guest(served)
    jwk = phone._key.as_dict(private=False)

    def headed(**members: Any) -> str:
        return phone.raw(
            orjson.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk} | members), b"{}"
        )

    deep = b"[" * 1400 + b"]" * 1400
    odd = [
        "",
        "a.b.c",
        "....",
        "é",
        "x" * 5000,
        headed(jwk=None),
        headed(jwk="x"),
        headed(jwk=jwk | {"x": 5}),
        headed(jwk=jwk | {"x": []}),
        headed(jwk=jwk | {"x": "é"}),
        headed(jwk=jwk | {"x": "AAAA"}),
        headed(jwk=jwk | {"y": jwk["x"]}),
        headed(jwk={"kty": "EC", "crv": "P-256"}),
        headed(crit=["x"]),
        headed(b64=False, crit=["b64"]),
        phone.raw(b"\xff\xfe", b"{}"),
        phone.raw(b"[]", b"{}"),
        phone.raw(deep, b"{}"),
        *(
            signed(phone, payload)
            for payload in (
                b"",
                b"[1]",
                b"\xff",
                b"null",
                deep[:1200],
                claims(phone, iat=10**400),
                claims(phone, iat=float("inf")),
                claims(phone, iat=float("nan")),
                claims(phone, jti="\ud800" * 10),
                claims(phone, bdh="\ud800"),
                claims(phone, htu="http://[::1"),
                claims(phone, htu="http://h:port/graphql"),
                claims(phone, htm=["POST"]),
                claims(phone, ath="\ud800"),
            )
        ),
    ]
    for proof in odd:
        answer = await phone.knock(proof)
        assert answer.status_code == 401, (proof[:200], answer.text)


def claims(phone: Forger, **other: Any) -> bytes:
    """The claims of a good proof with some replaced, in the json module's words: NaN and half characters too."""
    good = jwt.decode(phone.proof(ME), phone._key, algorithms=["ES256"]).claims
    return json.dumps(good | other).encode()


def signed(phone: Forger, payload: bytes) -> str:
    """A proof whose signature holds over any payload."""
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": phone._key.as_dict(private=False)}
    return jws.serialize_compact(header, payload, phone._key, algorithms=["ES256"])


async def test_a_replayed_proof_is_refused(served: Served) -> None:
    """Proves that of one proof sent sixteen times at once one passes, and none afterwards."""
    _, phone = await guest(served)
    proof = phone.proof(ME)

    answers = await asyncio.gather(*(phone.knock(proof) for _ in range(16)))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 15
    assert refusal(await phone.knock(proof)) == "jti"
    again = jwt.decode(proof, phone._key, algorithms=["ES256"]).claims
    assert refusal(await phone.knock(phone.forged(jti=again["jti"]))) == "jti"


@pytest.mark.parametrize("wrong_by", [-3600, 3600])
async def test_a_phone_with_a_wrong_clock_corrects_itself_once(
    served: Served, wrong_by: int
) -> None:
    """Proves that the refusal carries the server's time, and that one retry with it works."""
    _, phone = await guest(served)

    answer = await phone.knock(phone.forged(iat=int(time.time()) + wrong_by))
    extensions = answer.json()["errors"][0]["extensions"]
    server_time = datetime.fromisoformat(extensions["serverTime"]).timestamp()

    assert extensions["part"] == "iat"
    assert abs(server_time - served.clock().timestamp()) < 5
    assert (await phone.knock(phone.forged(iat=server_time))).status_code == 200


async def test_a_phone_at_another_address_is_told_which_one_to_prove(served: Served) -> None:
    """Proves that a refused `htu` comes with the right one, which shows a wrong public URL; and no other refusal."""
    _, phone = await guest(served)

    def told(answer: httpx.Response) -> dict[str, Any]:
        extensions: dict[str, Any] = answer.json()["errors"][0]["extensions"]
        return extensions

    wrong = told(await phone.knock(phone.forged(htu="http://latchwork:8400/graphql")))
    assert (wrong["part"], wrong["htu"]) == ("htu", f"{served.url}/graphql")
    assert "htu" not in told(await phone.knock(phone.forged(jti="short")))


async def test_a_phone_sends_no_get(served: Served) -> None:
    """Proves that a proof cannot carry a GET, whose query no proof binds."""
    _, phone = await guest(served)
    for proof in (phone.proof(b""), phone.forged(b"", htm="GET")):
        answer = await served.http.get(
            f"{served.url}/graphql",
            params={"query": "{ me { ... on Device { id name } } }"},
            headers={"dpop": proof, "authorization": f"DPoP {phone.token}"},
        )
        assert refusal(answer) == "INVALID_DPOP_PROOF"


async def test_a_refused_redemption_leaves_nothing_behind(served: Served) -> None:
    """Proves that no proof which fails makes a device, takes a slot or writes an audit row."""
    house = await served.site()
    entry = await house.lock()
    made = await house.invitation(entry["lockId"])
    phone = forger(served)
    asked = {"code": made["code"], "deviceName": "Mine", "platform": "IOS"}
    body = orjson.dumps({"query": REDEEM, "variables": {"input": asked}})
    used = phone.proof(ME)
    await phone.knock(used, scheme=None)
    before = await AuditRow.all().count()

    bad = [
        phone.forged(ME),
        phone.forged(body, htu="http://evil.example/graphql"),
        phone.forged(body, iat=int(time.time()) - 900),
        phone.forged(body, key=ECKey.generate_key("P-256", private=True)),
        phone.forged(body, ath=digest(b"no token yet")),
        used,
    ]
    for proof in bad:
        refusal(await phone.knock(proof, body=body, scheme=None))
    bare = await served.post(REDEEM, input=asked)
    invitation = await house.ask(
        "query($id: ID!) { node(id: $id) { ... on Invitation { devicesUsed devices { id } } } }",
        id=made["invitation"]["id"],
    )

    assert bare.json()["data"]["redeemInvitation"]["__typename"] == "NotAllowed"
    assert invitation["node"] == {"devicesUsed": 0, "devices": []}
    assert await Device.all().count() == 0
    assert await AuditRow.all().count() == before
    assert (await phone.redeem(made["code"]))["__typename"] == "RedeemedInvitation"
