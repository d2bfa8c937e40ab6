"""IP addresses, and which of them are public.

The decision is ssrfguard's, which follows IANA's registries and looks into addresses that contain others (IPv4-mapped,
NAT64, 6to4, Teredo). Python's `is_global` doesn't: it is true for 64:ff9b::7f00:1, whose packets arrive at 127.0.0.1.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

import psutil
from ssrfguard import DEFAULT_DENIED

Address: TypeAlias = IPv4Address | IPv6Address

_SHARED = ip_network("100.64.0.0/10")
_GLOBAL_UNICAST = ip_network("2000::/3")
"""The part of IPv6 from which public addresses are assigned (RFC 4291, 2.4)."""
_NAT64 = ip_network("64:ff9b::/96")
_PLATFORM = frozenset(map(ip_address, ("168.63.129.16", "64:ff9b::a83f:8110")))
"""Azure's platform, which serves a virtual machine's configuration to everything that runs there."""
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""The middle of addresses that end in an IPv4 address (RFC 5214)."""


def address_in(text: str) -> Address | None:
    """Return the IP address that `text` spells in its usual form; None for names and for other spellings.

    An IPv4-mapped address is returned as its IPv4 address, because that is where its packets go. Addresses with a zone
    (`fe80::1%eth0`) aren't accepted.
    """
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: Address) -> bool:
    """Return whether an address belongs to the public internet."""
    if DEFAULT_DENIED.classify(address).blocked or address in _PLATFORM:
        return False
    if isinstance(address, IPv4Address):
        return True
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return False
    return address in _GLOBAL_UNICAST or address in _NAT64


def is_internal(address: Address) -> bool:
    """Return whether an address may be a server of this machine's or of a private network.

    Link-local addresses don't count: cloud platforms serve credentials there.
    """
    if address.is_loopback:
        return True  # Before the rest, because Python counts ::1 as reserved.
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return False
    return address.is_private or address in _SHARED


def is_of_this_machine(address: Address) -> bool:
    """Return whether a connection to an address ends at this machine."""
    if address.is_loopback or address.is_unspecified:
        return True
    assigned = (entry.address.partition("%")[0] for entries in psutil.net_if_addrs().values() for entry in entries)
    return any(address == address_in(text) for text in assigned)
