"""A bus URL is read once, and what is wrong with one is said without repeating it."""

import pytest

from domain.bus.nats_address import NatsAddress


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("nats://bus", NatsAddress(("nats://bus:4222",), None, None, tls=False)),
        ("tls://token@bus:4443", NatsAddress(("nats://bus:4443",), "token", None, tls=True)),
        ("nats://me:p%40ss@[::1]:1", NatsAddress(("nats://[::1]:1",), "me", "p@ss", tls=False)),
        (
            "nats://me:@a,b:4223",
            NatsAddress(("nats://a:4222", "nats://b:4223"), "me", "", tls=False),
        ),
    ],
)
def test_what_a_url_says(url: str, address: NatsAddress) -> None:
    """Servers, user and password or a token, and whether TLS is demanded."""
    assert NatsAddress.of(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "bus:4222",
        "http://me:geheim@bus",
        "nats://",
        "nats://me:geheim@",
        "nats://me:geheim@bus:0",
        "nats://me:geheim@bus:port",
        "nats://me:geheim@bus:99999",
        "nats://me:geheim@bus,,other",
        "nats://me:geheim@bus/subject",
        "nats://me:geheim@bus?tls=1",
        "nats://me:geheim#@bus",
        "nats://me:ge@heim@bus",
    ],
)
def test_what_is_no_url_is_refused_without_being_repeated(url: str) -> None:
    """Its password would stand in the message."""
    with pytest.raises(ValueError, match="a bus URL") as refused:
        NatsAddress.of(url)
    assert "geheim" not in str(refused.value)


def test_credentials_do_not_show() -> None:
    """Whoever prints an address prints none."""
    assert "geheim" not in repr(NatsAddress.of("nats://geheim:geheim@bus"))
