"""A phone held to a lock on the bench."""

from datetime import timedelta

from domain.link.courier import Hello, key_thumbprint
from domain.link.messages import DeliveryBody
from locksim.clock import moment
from locksim.phone import CarriedKey
from locksim.phone_link import Answer
from tests.locksim.bench import Bench
from tests.locksim.rig import NOON

PHONE = CarriedKey()
THUMBPRINT = key_thumbprint(PHONE.public_key)
SOON = timedelta(minutes=15)


def hello(bench: Bench) -> tuple[bytes, Hello]:
    """What the lock says to a phone; as bytes, and read with its key."""
    said = bench.firmware.hello(bench.uptime_ms)
    return said, Hello.read(bench.pen.keys, said)


def hand_over(
    bench: Bench,
    said: bytes,
    lease: bytes | None,
    bundle: bytes | None,
    phone: CarriedKey = PHONE,
) -> Answer:
    """What the lock answers to what a phone hands over."""
    return bench.firmware.present(phone.presented(said, lease, bundle), bench.uptime_ms)


def at_the_door(
    bench: Bench, *bodies: DeliveryBody, lease: bytes | None = None, required: int = 0
) -> Answer:
    """A phone with a lease until soon, unless another is given, and a bundle of these deliveries with the time as it is."""
    said, read = hello(bench)
    now_ms = bench.firmware.view(bench.uptime_ms).now_ms
    now = NOON if now_ms is None else moment(now_ms)
    if lease is None:
        lease = bench.pen.lease(THUMBPRINT, now + SOON, required=required)
    return hand_over(bench, said, lease, bench.pen.bundle(read.nonce, now, *bodies))
