"""Values for request headers that can't be sent. They are rejected with a message that names the variable."""

from benchmarks.cases.case import PROVIDERS, Case, Command, Ends, Exits, TaskCase, Wire
from tests.wires.chat_completions.answers import replying

KIND = "headers"
KEYS = {
    "B53": ("of Cyrillic letters", "own", "ключ"),
    "key.look-alike": (
        "with a look-alike letter",
        "https://github.com/NousResearch/hermes-agent/pull/9946",
        "sk-ʋ1234567",
    ),
    "key.blank": (
        "with a non-breaking space",
        "https://github.com/btseytlin/hr-breaker/pull/33",
        "sk-1234\u00a0567",
    ),
    "key.newline": ("with a line break", "https://github.com/bytedance/deer-flow/pull/5066", "sk-1234\n567"),
    "key.dash": ("with a long dash", "https://github.com/openai/openai-python/issues/2409", "sk—1234567"),
    "key.accent": ("with a Latin-1 letter", "https://github.com/jundot/omlx/pull/1804", "café"),
    "key.nothing": ("with a zero-width character", "https://github.com/simonw/llm/pull/1636", "sk-\u200b1234567"),
}
ORGANISATION = "https://github.com/openai/openai-python/issues/2409"
OWN_HEADERS = "https://github.com/bytedance/deer-flow/pull/5066"
OTHERS: tuple[tuple[str, str, str, Wire, str, str], ...] = (
    ("header.organisation", "OPENAI_ORG_ID of Cyrillic letters", ORGANISATION, "openai", "OPENAI_ORG_ID", "ключ"),
    (
        "header.project",
        "OPENAI_PROJECT_ID with a line break",
        ORGANISATION,
        "openai",
        "OPENAI_PROJECT_ID",
        "proj_1\nproj_2",
    ),
    (
        "header.own",
        "OPENAI_CUSTOM_HEADERS with typographic quotes",
        OWN_HEADERS,
        "openai",
        "OPENAI_CUSTOM_HEADERS",
        "X-Team: “ours”",
    ),
    (
        "header.own-name",
        "OPENAI_CUSTOM_HEADERS with a space in a name",
        OWN_HEADERS,
        "openai",
        "OPENAI_CUSTOM_HEADERS",
        "X Team: ours",
    ),
    (
        "header.anthropic",
        "ANTHROPIC_CUSTOM_HEADERS with a space in a name",
        OWN_HEADERS,
        "anthropic",
        "ANTHROPIC_CUSTOM_HEADERS",
        "X Team: ours",
    ),
)


def _refused(id: str, what: str, source: str, asked: TaskCase, variable: str, value: str) -> Case:
    return Case(
        id,
        KIND,
        source,
        what,
        asked,
        Ends("failed", requests=0, contains=(variable,)),
        environment=((variable, value),),
    )


CASES = (
    *(
        _refused(id, f"a key {what}", source, TaskCase((replying("a b"),)), "CHIMERA_LOCAL_API_KEY", key)
        for id, (what, source, key) in KEYS.items()
    ),
    *(
        _refused(
            id,
            what,
            source,
            TaskCase((replying("a b"),), wire=wire, provider="openai" if wire == "openai" else PROVIDERS[wire]),
            variable,
            value,
        )
        for id, what, source, wire, variable, value in OTHERS
    ),
    Case(
        "B53.doctor",
        KIND,
        "own",
        "doctor with a key that is invalid in a header",
        Command(
            ("doctor",),
            {"CHIMERA_LOCAL_BASE_URL": "http://127.0.0.1:9/v1", "CHIMERA_LOCAL_API_KEY": "ключ"},
            keeps_api=False,
        ),
        Exits(1, contains=("CHIMERA_LOCAL_API_KEY",)),
    ),
    Case(
        "key.file",
        KIND,
        "https://github.com/quern-dev/quern/pull/228",
        "doctor with a key file that begins with a byte order mark",
        Command(
            ("doctor",),
            {"CHIMERA_SECRETS_DIR": "."},
            {"chimera_openai_api_key": b"\xef\xbb\xbfsk-1234567"},
            keeps_api=False,
        ),
        Exits(1, contains=("CHIMERA_OPENAI_API_KEY",)),
    ),
    Case(
        "key.token",
        KIND,
        "https://github.com/quern-dev/quern/pull/228",
        "a command with an access token of Cyrillic letters",
        Command(("tasks",), {"CHIMERA_TOKEN": "ключ"}),
        Exits(3, contains=("CHIMERA_TOKEN",)),
    ),
)
