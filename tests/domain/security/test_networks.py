"""Which addresses count as one."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.security.networks import SITES_SHARE, Network, networks_of

addresses = st.ip_addresses()


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", (Network("192.0.2.1"),)),
        ("::ffff:192.0.2.1", (Network("192.0.2.1"),)),
        ("::FFFF:C000:0201", (Network("192.0.2.1"),)),
        ("64:ff9b::192.0.2.1", (Network("192.0.2.1"),)),
        ("2001:DB8:1:2:3:4:5:6", (Network("2001:db8:1:2::/64"), Network("2001:db8:1::/48", 4))),
        ("fe80::1%eth0", (Network("fe80::/64"), Network("fe80::/48", 4))),
        ("", (Network("unknown"),)),
        ("unix:", (Network("unknown"),)),
        ("192.0.2.1:8080", (Network("unknown"),)),
        ("010.0.0.1", (Network("unknown"),)),
    ],
)
def test_an_address_counts_for_its_networks(address: str, counted: tuple[Network, ...]) -> None:
    """Whatever its spelling."""
    assert networks_of(address) == counted


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_household_is_one_whatever_its_last_64_bits(address: IPv6Address, rest: int) -> None:
    """Outside of the networks in which an IPv4 address stands."""
    neighbour = IPv6Address(int(address) >> 64 << 64 | rest)
    if len(networks_of(str(address))) == len(networks_of(str(neighbour))) == 2:
        assert networks_of(str(address)) == networks_of(str(neighbour))


@given(addresses)
def test_the_first_network_has_one_budget_and_the_second_a_few(
    address: IPv4Address | IPv6Address,
) -> None:
    """None has none, and none has as many as it has addresses."""
    first, *wider = networks_of(str(address))
    assert first.share == 1
    assert [each.share for each in wider] in ([], [SITES_SHARE])
