"""Proxies in the environment: a nearby model server or API is always contacted directly."""

from benchmarks.cases.case import Case, Command, Ends, Exits, TaskCase
from tests.wires.chat_completions.answers import replying

KIND = "proxies"
FOUND = "https://github.com/ollama/ollama/issues/7772"
RANGES = "https://github.com/NousResearch/hermes-agent/pull/107735"
SOCKS = "https://github.com/danielgatis/rembg/issues/855"
NOWHERE = "http://127.0.0.1:9"
FOR_ALL = tuple((name, NOWHERE) for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"))
NONE_LEFT_OUT = (("NO_PROXY", ""), ("no_proxy", ""))

WORKERS = (
    ("B26", "a proxy, no NO_PROXY, the model server on this machine", FOUND, FOR_ALL + NONE_LEFT_OUT),
    (
        "proxy.socks",
        "a SOCKS proxy for everything, the model server on this machine",
        "https://github.com/ollama/ollama-python/issues/424",
        (("ALL_PROXY", "socks5h://127.0.0.1:9"), ("HTTP_PROXY", "socks5h://127.0.0.1:9")),
    ),
    (
        "proxy.no-proxy-range",
        "NO_PROXY with IPv6 ranges",
        "https://github.com/MoonshotAI/kimi-cli/issues/1959",
        (("HTTP_PROXY", NOWHERE), ("NO_PROXY", "fd00::/8,fe80::/10,10.0.0.0/8,.local")),
    ),
    (
        "proxy.no-proxy-brackets",
        "NO_PROXY with [::1], a proxy with an invalid port",
        "https://github.com/basicmachines-co/basic-memory/issues/1541",
        (("HTTP_PROXY", "http://127.0.0.1:port"), ("NO_PROXY", "[::1]")),
    ),
    (
        "proxy.ranges",
        "NO_PROXY with only ranges, as proxy programs write it",
        RANGES,
        (*FOR_ALL, ("NO_PROXY", "127.0.0.0/8,10.0.0.0/8,192.168.0.0/16")),
    ),
    (
        "proxy.wildcard",
        "NO_PROXY with *.local;<local>, as on Windows",
        RANGES,
        (*FOR_ALL, ("NO_PROXY", "*.local;<local>")),
    ),
    ("proxy.socks-scheme", "ALL_PROXY=socks://, as desktops set it", SOCKS, (("ALL_PROXY", "socks://127.0.0.1:9"),)),
    (
        "proxy.no-scheme",
        "a proxy without a scheme",
        "https://github.com/encode/httpx/issues/1082",
        tuple((name, "127.0.0.1:9") for name, _ in FOR_ALL),
    ),
    (
        "proxy.short-address",
        "the model server at 127.1, which is this machine",
        RANGES,
        (*FOR_ALL, ("CHIMERA_LOCAL_BASE_URL", "http://127.1:{port}/v1")),
    ),
    (
        "proxy.number",
        "the model server at 2130706433, which is this machine",
        RANGES,
        (*FOR_ALL, ("CHIMERA_LOCAL_BASE_URL", "http://2130706433:{port}/v1")),
    ),
    (
        "proxy.mapped",
        "the model server at [::ffff:127.0.0.1]",
        RANGES,
        (*FOR_ALL, ("CHIMERA_LOCAL_BASE_URL", "http://[::ffff:127.0.0.1]:{port}/v1")),
    ),
)
AWAY = {"CHIMERA_API_URL": "http://chimera.example", "CHIMERA_TOKEN": "x"}
"""An API that would be contacted through a proxy."""


def _command(id: str, what: str, source: str, variables: dict[str, str], right: Exits, *arguments: str) -> Case:
    command = Command(arguments or ("tasks",), variables, keeps_api="CHIMERA_API_URL" not in variables)
    return Case(id, KIND, source, what, command, right)


CASES = (
    *(
        Case(id, KIND, source, what, TaskCase((replying("a b"),)), Ends(result="a b"), environment=variables)
        for id, what, source, variables in WORKERS
    ),
    _command(
        "proxy.cli-near",
        "a command, its API on this machine, a proxy for everything",
        "https://github.com/NVIDIA/NemoClaw/issues/2616",
        {**dict(FOR_ALL), "ALL_PROXY": "socks://127.0.0.1:9"},
        Exits(0),
    ),
    *(
        _command(
            f"proxy.cli-{name}",
            f"a command, its API elsewhere, {what}",
            source,
            {**AWAY, **variables},
            Exits(3, contains=("ALL_PROXY",)),
        )
        for name, what, source, variables in (
            ("socks-scheme", "ALL_PROXY=socks://", SOCKS, {"ALL_PROXY": "socks://127.0.0.1:9"}),
            (
                "socks5",
                "ALL_PROXY=socks5://",
                "https://github.com/clash-verge-rev/clash-verge-rev/issues/6887",
                {"ALL_PROXY": "socks5://127.0.0.1:9"},
            ),
            ("port", "a proxy with an invalid port", SOCKS, {"HTTP_PROXY": "http://127.0.0.1:port"}),
        )
    ),
    _command(
        "proxy.cli-certificates",
        "a command, its API elsewhere, missing certificates",
        "own",
        {**AWAY, "CHIMERA_API_URL": "https://chimera.example", "SSL_CERT_FILE": "/nowhere/ca.pem"},
        Exits(3, contains=("SSL_CERT_FILE",)),
    ),
    _command(
        "proxy.doctor",
        "doctor, the model server elsewhere, ALL_PROXY=socks://",
        SOCKS,
        {"CHIMERA_LOCAL_BASE_URL": "https://llm.example.com/v1", "ALL_PROXY": "socks://127.0.0.1:9"},
        Exits(1, contains=("provider local", "ALL_PROXY")),
        "doctor",
    ),
)
