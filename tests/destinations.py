"""URLs of private destinations, in as many spellings as attackers use. `{port}` stands for the port of a server."""

from collections.abc import Iterator

PORTS = {"PostgreSQL": 5432, "Redis": 6379, "Temporal": 7233, "Temporal's Web UI": 8233, "API": 8000}

LOOPBACK = (
    *("127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost."),
    *("2130706433", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.01", "127.0.0.1."),
    *("0000127.0.0.1", "127.000.000.001", "4294967296", "127.0.0.1.evil@127.0.0.1"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]"),
    *("[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1%25lo]", "[::1%lo]"),
    *("[2001:0:7f00:1::80ff:fffe]", "[::ffff:0:127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2001:db8::5efe:127.0.0.1]"),
    "\u2460\u2461\u2466.0.0.1",
    "\uff11\uff12\uff17.0.0.1",
    "127\u30020\u30020\u30021",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
    "loca\u017fhost",
    "localh\u00adost",
    "%31%32%37.0.0.1",
    "127.0.0.1%00.public.example",
    "127.0.0.1%2f.public.example",
    "localhost%2eexample",
)
"""Hosts that some system reads as this machine."""

OTHERS = (
    *("169.254.169.254", "[fd00:ec2::254]", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.170.2"),
    *("[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "100.100.100.200", "192.0.0.192", "metadata.internal"),
    *("168.63.129.16", "[64:ff9b::168.63.129.16]"),
    *("10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "[fd00::1]", "[fc00::1]", "[fe80::1]", "[fe80::1%25eth0]", "[fec0::1]", "[ff02::1]"),
    *("[100::1]", "[5f00::1]", "[3fff::1]", "[2001:db8::1]", "[64:ff9b::10.0.0.1]", "[2002:a00:1::]"),
)
"""Hosts of private networks, cloud metadata and reserved ranges."""

WHOLE = (
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "gopher://127.0.0.1:{port}/_FLUSHALL",
    "redis://127.0.0.1:{port}/0",
    "dict://127.0.0.1:{port}/info",
    "ftp://127.0.0.1:{port}/",
    "ws://127.0.0.1:{port}/",
    "ldap://127.0.0.1:{port}/",
    "jar:http://127.0.0.1:{port}!/",
    "data:text/html,x",
    "unix:/var/run/docker.sock",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "http:127.0.0.1:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}\\",
    "http://public.example\\@127.0.0.1:{port}/",
    "http://public.example@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@public.example/",
    "http://public.example:80@127.0.0.1:{port}/",
    "http://public.example#@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@public.example/",
    "http://public.example?@127.0.0.1:{port}/",
    "http://user:password@localhost:{port}/",
    "http://@127.0.0.1:{port}/",
    "http://public.example%40127.0.0.1:{port}/",
    "http://127.0.0.1 :{port}/",
    "http://127.0.0.1\t:{port}/",
    "http://127.0.0.1\r\n:{port}/",
    "ht\ttp://127.0.0.1:{port}/",
    " http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/\r\nX: y",
    "http://127.0.0.1:80:{port}/",
    "http://127.0.0.1:+{port}/",
    "http://127.0.0.1:0{port}/",
    "http://127.0.0.1:{port}0000/",
    "http://127.0.0.1,public.example:{port}/",
    "http://[127.0.0.1]:{port}/",
    "http://[::1]@[::1]:{port}/",
    "HTTP://LOCALHOST:{port}/",
    "https://127.0.0.1:{port}/",
    "http://\u0000127.0.0.1:{port}/",
    "http://\u2025127.0.0.1:{port}/",
)

RESOLVING = ("rebound.example", "mixed.example", "mapped.example", "nat64.example", "metadata.example", "zone.example")
ADDRESSES = {
    "rebound.example": ("127.0.0.1",),
    "mixed.example": ("93.184.215.14", "127.0.0.1"),
    "mapped.example": ("::ffff:127.0.0.1",),
    "nat64.example": ("64:ff9b::7f00:1",),
    "metadata.example": ("169.254.169.254",),
    "zone.example": ("fe80::1%lo",),
}
"""Names of an attacker's zone, and what its server answers. The real resolver answers for all other names."""


def spellings(port: int) -> Iterator[str]:
    """Yield every URL for a server at `port`, and for the ports that need no entry in the allow-list."""
    for host in (*LOOPBACK, *RESOLVING):
        yield f"http://{host}:{port}/"
        yield f"https://{host}/"
    for host in OTHERS:
        yield f"http://{host}/latest/meta-data/"
    for url in WHOLE:
        yield url.replace("{port}", str(port))
    for own in PORTS.values():
        yield f"http://127.0.0.1:{own}/"
        yield f"http://localhost:{own}/"
