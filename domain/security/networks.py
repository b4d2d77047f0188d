"""The networks that an address counts for: what one household or company has counts as one.

Somebody with one IPv6 address has 2^64 of them (a /64 is the smallest network that is given out, RFC 6177), and often
65,536 such networks, a /48. Counted address by address, no budget would ever be spent.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

SITES_SHARE = 4
"""How many times the budget of one household a whole /48 has."""
_NAT64 = IPv6Network("64:ff9b::/96")
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Network:
    """A network that counts as one, and how many times the budget of one household it has."""

    name: str
    share: int = 1


def networks_of(address: str) -> tuple[Network, ...]:
    """The networks to count for this address: the IPv4 address itself, or the /64 and the /48 of an IPv6 address.

    An IPv4 address in an IPv6 one (RFC 4291, 2.5.5.2; RFC 6052, 2.1) is the IPv4 address. All that is no address
    counts as one network: a proxy that passes on whatever it is told gives nobody a budget of their own.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return (Network(_UNKNOWN),)
    if isinstance(parsed, IPv6Address):
        parsed = _within(parsed) or parsed
    if isinstance(parsed, IPv4Address):
        return (Network(str(parsed)),)
    return (
        Network(str(IPv6Network((parsed, 64), strict=False))),
        Network(str(IPv6Network((parsed, 48), strict=False)), SITES_SHARE),
    )


def _within(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that it stands for, if it stands for one."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped
