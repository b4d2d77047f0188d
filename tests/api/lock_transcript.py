"""A recorded connection told under the names and secret of the vectors, so that it reads the same whenever it is made.

What is random or of the day (ids, secret, challenge, nonces, digests, times) is replaced, one by one and everywhere; what
follows from it (proof, sums, seals) is computed anew by the second implementation. Everything else stays as it was said.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.locksim import lock_reference as reference

Json = Any
Frame = dict[str, Any]
KINDS = {"Delivery": 1, "UnlockCommand": 2, "SealedTime": 3}
NOON_MS = 1_795_780_800_000
"""2026-11-27T12:00Z, the time of the server; each event is a second after the one before."""
HEAD = """# One connection of a lock, frame by frame

This is what [`lock.md`](lock.md) looks like on the wire: a fresh lock connects, gets a snapshot in two parts (two
entries a part, where a server puts 500) and the time, a PIN is typed, an admin orders an opening, and the PIN is
removed. It is a real connection of the simulated lock with the server, told under the lock, secret and PINs of
[`lock-vectors.json`](lock-vectors.json) (`provisioning`, `pins`), so every proof, seal and sum can be checked. The
GraphQL documents are those of `lock.md`, section 4. Under a sealed message stands what is in it: its epoch and its body.

A lock on a door does two things otherwise. What is counted here (nonces, the `jti`) is random there. And it reports
its nonce at once after subscribing, where this one waits for the parts first so that the frames always come in this
order.
"""


def _data(spelled: str) -> bytes:
    return base64.urlsafe_b64decode(spelled + "=" * (-len(spelled) % 4))


class Retold:
    """Frames, one after the other, with everything that differs from day to day replaced."""

    def __init__(self, entry: Mapping[str, Any], vectors: Mapping[str, Any]) -> None:
        self._entry, self._own = entry, vectors["provisioning"]
        self._secret = _data(self._own["secret"])
        self._digests = [bytes.fromhex(each["digest"]) for each in vectors["pins"][2:]]
        self._names: dict[tuple[str, str], str] = {}
        self._sealed = 0
        self._lock = reference.Lock()
        self._sums: list[str] = []
        """What the lock acknowledges after each delivery that came."""
        self._moments = 0
        self._challenge = reference.base64url(bytes(range(60)))
        self._made: Mapping[str, Callable[[], str]] = {
            "query": lambda: "(section 4)",
            "lockChallenge": lambda: self._challenge,
            "proof": self._proof,
            "stateSum": lambda: self._sums.pop(0),
            "at": self._moment,
        }
        """What stands in a field of this name."""
        self._given = {entry[name]: self._own[name] for name in ("lockId", "incarnation")}

    def frame(self, frame: Frame) -> tuple[Frame, list[str]]:
        """The frame, and what is in the sealed message that it carries."""
        inside: list[str] = []
        return self._value("", frame, inside), inside

    def _value(self, key: str, value: Json, inside: list[str]) -> Json:
        match value:
            case {"__typename": str(kind), "id": str(name), "sealed": str(sealed)}:
                return {
                    "__typename": kind,
                    "id": self._name("message", name),
                    "sealed": self._reseal(kind, sealed, inside),
                }
            case dict():
                return {name: self._value(name, each, inside) for name, each in value.items()}
            case list():
                return [self._value(key, each, inside) for each in value]
            case str():
                return self._text(key, value)
            case _:
                return value

    def _text(self, key: str, value: str) -> str:
        if key in ("nonce", "stateId", "entryId"):
            return self._name(key, value)
        if key in ("deliveryId", "commandId"):
            return self._name("message", value)
        if key in self._made:
            return self._made[key]()
        return str(self._given.get(value, value))

    def _proof(self) -> str:
        jti = f"{1:032x}"
        own = str(self._own["lockId"])
        return str(reference.proof(self._secret, own, self._challenge, jti))

    def _moment(self) -> str:
        self._moments += 1
        return f"2026-11-27T12:00:{self._moments:02}Z"

    def _name(self, kind: str, real: str) -> str:
        """The name that stands for a real one, the same each time."""
        if kind == "entryId" and "_" not in real:
            return real
        number = sum(each == kind for each, _ in self._names) + 1
        made = {
            "nonce": reference.base64url(bytes([number]) * 32),
            "stateId": f"{number:032x}",
            "entryId": f"{real.partition('_')[0]}_{number:032x}",
            "message": f"0198f3a2-0000-7000-8000-{number:012x}",
            "digest": reference.base64url(self._digests[(number - 1) % len(self._digests)]),
        }
        return self._names.setdefault((kind, real), made[kind])

    def _reseal(self, kind: str, sealed: str, inside: list[str]) -> str:
        entry = self._entry
        secret = _data(entry["secret"])
        opened = reference.unseal(
            secret, KINDS[kind], entry["lockId"], entry["incarnation"], _data(sealed)
        )
        assert opened is not None, "the server sent what does not open"
        epoch, body = opened[0], self._body(json.loads(opened[1]))
        self._sealed += 1
        spelled = reference.canonical(body)
        if kind == "Delivery":
            self._lock.apply(epoch, body)
            self._sums.append(reference.state_sum(self._lock.entries))
        inside.append(f"epoch {epoch}: {spelled.decode()}")
        data = reference.seal(
            self._secret,
            KINDS[kind],
            self._own["lockId"],
            self._own["incarnation"],
            epoch,
            self._sealed.to_bytes(12, "big"),
            spelled,
        )
        return reference.base64url(data)

    def _body(self, body: Json) -> Json:
        """A body with what differs from day to day replaced."""
        match body:
            case dict():
                return {key: self._field(key, each) for key, each in body.items()}
            case list():
                return [self._body(each) for each in body]
            case _:
                return body

    def _field(self, key: str, value: Json) -> Json:
        match key:
            case "id":
                return self._name("entryId", value)
            case "nonce" | "digest":
                return self._name(key, value)
            case "commandId":
                return self._name("message", value)
            case "unixMs":
                return NOON_MS
            case "seconds":
                return 10
            case _:
                return self._body(value)


def transcript(
    frames: list[tuple[str, Frame]], entry: Mapping[str, Any], vectors: Mapping[str, Any]
) -> str:
    """The document."""
    retold = Retold(entry, vectors)
    lines = [HEAD]
    for who, frame in frames:
        told, inside = retold.frame(frame)
        posted = told.get("POST", told)
        how = "lock, by POST" if "POST" in told else "server, in answer" if "data" in told else who
        lines.append(f"**{how}**\n\n```json\n{json.dumps(posted, ensure_ascii=False)}\n```\n")
        lines.extend(
            f"in it, {each.partition(': ')[0]}:\n\n```json\n{each.partition(': ')[2]}\n```\n"
            for each in inside
        )
    return "\n".join(lines)
