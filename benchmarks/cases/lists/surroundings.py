"""The environment of a command: closed and full streams, deleted folders, invalid text, odd addresses."""

import json

from benchmarks.cases.case import Case, Command, Exits
from benchmarks.cases.lists.command_line import ASCII, KIND, RUN

FULL = "https://github.com/sharkdp/fd/issues/737"
CLOSED = "https://github.com/vectorize-io/hindsight/issues/4580"
BYTES = "https://github.com/TheR1D/shell_gpt/pull/768"
HALVES = "https://github.com/BasedHardware/omi/pull/13389"
PIPES = "https://github.com/code42/code42cli/pull/338"
ADDRESS = "https://github.com/ollama/ollama/issues/7697"
MARKS = "https://github.com/volcengine/OpenViking/pull/500"
RUN_A_TASK = ("run", "Say “a … b” █ 🐦.", "--model", "simulator/fast")
PLAN = json.dumps([{"key": "a", "instruction": "X", "agent": "writer"}])


def _in_shell(id: str, what: str, source: str, shell: str, right: Exits, *arguments: str, near: bool = True) -> Case:
    return Case(id, KIND, source, what, Command(arguments, shell=shell, keeps_api=near), right)


def _plan(id: str, what: str, source: str, content: bytes, right: Exits) -> Case:
    return Case(id, KIND, source, what, Command((*RUN, "--plan", "plan.json"), files={"plan.json": content}), right)


def _shown(id: str, encoding: str, source: str) -> Case:
    command = Command(RUN_A_TASK, {"PYTHONIOENCODING": encoding})
    return Case(id, KIND, source, f"a result with “, █ and 🐦 on a stream in {encoding}", command, Exits(0))


STREAMS = (
    _in_shell(
        "cli.full-help", "help written to a full disk", FULL, '"$@" >/dev/full', Exits(3, ("disk is full",)), "--help"
    ),
    _in_shell(
        "cli.full-version",
        "the version written to a full disk",
        FULL,
        '"$@" >/dev/full',
        Exits(3, ("disk is full",)),
        "--version",
    ),
    _in_shell(
        "cli.full-json",
        "a list written to a full disk",
        FULL,
        '"$@" >/dev/full',
        Exits(3, ("disk is full",)),
        "tasks",
        "--json",
    ),
    _in_shell(
        "cli.full-errors",
        "an error written to a full disk",
        "https://github.com/uutils/coreutils/issues/10613",
        '"$@" 2>/dev/full',
        Exits(3),
        *("show", "nothing"),
    ),
    _in_shell(
        "cli.head-help",
        "help piped to a reader that has exited",
        FULL,
        'trap "" PIPE; { "$@"; echo $? >&2; } | true',
        Exits(None, ("3",)),
        "--help",
    ),
    _in_shell("cli.no-input", "no standard input for a password", CLOSED, '"$@" <&-', Exits(3), "password"),
    _in_shell(
        "cli.no-output",
        "no standard output",
        "https://github.com/notatallshaw/nab/pull/990",
        '"$@" >&-',
        Exits(0),
        "tasks",
    ),
    _in_shell(
        "cli.no-streams",
        "no streams at all",
        "https://github.com/notatallshaw/nab/pull/990",
        '"$@" <&- >&- 2>&-',
        Exits(3),
        *("show", "nothing"),
    ),
    _in_shell(
        "cli.bytes-password",
        "a password that isn't UTF-8 on standard input",
        BYTES,
        'printf "caf\\351\\n" | "$@"',
        Exits(3, ("UTF-8",)),
        "password",
    ),
    _shown("cli.utf-16", "utf-16", PIPES),
    _shown("cli.cp437", "cp437", "https://github.com/moorcheh-ai/memanto/pull/1903"),
    _shown("cli.shift-jis", "shift_jis", "https://github.com/pypa/pip/issues/11699"),
    _shown("cli.strict", "ascii:strict", "https://github.com/VforVitorio/F1-StratLab/issues/388"),
    *(
        Case(
            f"cli.locale-{name}",
            KIND,
            "https://github.com/modelcontextprotocol/python-sdk/pull/3296",
            f"a goal in UTF-8 and its result, LC_ALL={name}",
            Command(RUN_A_TASK, {**ASCII, "LC_ALL": name}),
            Exits(0),
        )
        for name in ("POSIX", "tr_TR.UTF-8", "de_DE.ISO-8859-1")
    ),
)
FOLDERS = (
    _in_shell(
        "cli.gone",
        "doctor in a deleted folder",
        "own",
        'mkdir x && cd x && rmdir ../x && "$@"',
        Exits(1, ("deleted",)),
        "doctor",
        near=False,
    ),
    _in_shell(
        "cli.gone-tasks",
        "tasks in a deleted folder",
        "own",
        'mkdir x && cd x && rmdir ../x && "$@"',
        Exits(0),
        "tasks",
    ),
    _in_shell(
        "cli.bytes-folder",
        "doctor in a folder whose name isn't UTF-8",
        BYTES,
        'd=$(printf "caf\\351") && mkdir "$d" && cd "$d" && "$@"',
        Exits(1, ("UTF-8",)),
        "doctor",
        near=False,
    ),
    _in_shell(
        "cli.leaves-nothing",
        "doctor leaves nothing behind in an empty folder",
        "own",
        '"$@" >/dev/null; ls -A',
        Exits(0, lacks=(".chimera",)),
        "doctor",
        near=False,
    ),
    _in_shell(
        "cli.fifo-plan",
        "a plan from a named pipe",
        "own",
        f"mkfifo p && {{ printf '%s' '{PLAN}' >p & \"$@\"; }}",
        Exits(0),
        *(*RUN, "--plan", "p"),
    ),
    Case(
        "cli.folder-plan",
        KIND,
        "own",
        "a folder instead of a plan",
        Command((*RUN, "--plan", ".")),
        Exits(3, ("directory",)),
    ),
)
ADDRESSES = tuple(
    Case(
        f"cli.address-{name}",
        KIND,
        ADDRESS,
        f"CHIMERA_API_URL={url}",
        Command(("tasks",), {"CHIMERA_API_URL": url, "CHIMERA_TOKEN": "x"}, keeps_api=False),
        Exits(3, ("CHIMERA_API_URL",), lacks=("ExceptionGroup",)),
    )
    for name, url in (
        ("port", "http://127.0.0.1:99999"),
        ("word", "http://127.0.0.1:port"),
        ("bracket", "http://[::1"),
        ("scheme", "ftp://127.0.0.1"),
    )
)
BASE_URLS = tuple(
    Case(
        f"doctor.address-{name}",
        KIND,
        ADDRESS,
        f"doctor with CHIMERA_LOCAL_BASE_URL={url}",
        Command(("doctor",), {"CHIMERA_LOCAL_BASE_URL": url}, keeps_api=False),
        Exits(1, ("CHIMERA_LOCAL_BASE_URL",)),
    )
    for name, url in (
        ("port", "http://127.0.0.1:99999/v1"),
        ("word", "http://127.0.0.1:port/v1"),
        ("bracket", "http://[::1/v1"),
        ("nothing", "http:///v1"),
    )
)
PLANS = (
    _plan(
        "plan.half",
        "a plan with half an emoji, escaped",
        HALVES,
        PLAN.replace("X", "\\ud83d").encode(),
        Exits(3, ("half",)),
    ),
    _plan(
        "plan.cesu",
        "a plan with an emoji in two halves, as some editors write it",
        "https://github.com/MoonshotAI/kimi-cli/pull/469",
        PLAN.encode().replace(b"X", b"\xed\xa0\xbd\xed\xb0\xa6"),
        Exits(3, ("UTF-8",)),
    ),
    _plan("plan.pair", "a plan with an emoji, escaped", HALVES, PLAN.replace("X", "\\ud83d\\udc26").encode(), Exits(0)),
    _plan("plan.utf-16-be", "a plan in UTF-16 without a BOM", MARKS, PLAN.encode("utf-16-be"), Exits(3, ("UTF-8",))),
    _plan("plan.utf-32", "a plan in UTF-32", MARKS, PLAN.encode("utf-32"), Exits(3, ("UTF-8",))),
    _plan(
        "plan.marks",
        "a plan with two byte order marks",
        MARKS,
        b"\xef\xbb\xbf" * 2 + PLAN.encode(),
        Exits(3, ("line 1",)),
    ),
    _plan(
        "plan.blank",
        "a plan with a non-breaking space, as copied from a web page",
        "https://github.com/alvinunreal/oh-my-opencode-slim/issues/1028",
        PLAN.replace(": ", ":\u00a0").encode(),
        Exits(3, ("line 1", "column")),
    ),
    _plan("plan.deep", "a plan with 100,000 brackets", "own", b"[" * 100_000, Exits(3, ("too deep",))),
    _plan("plan.number", "a plan with a 5,000-digit number", "own", b"[" + b"1" * 5000 + b"]", Exits(3, ("line 1",))),
    _plan("plan.nan", "a plan with NaN", "own", b"[NaN]", Exits(3, ("line 1",))),
    _plan("plan.returns", "a plan with classic Mac line endings", "own", PLAN.replace(" ", "\r").encode(), Exits(0)),
    Case(
        "B27.ascii-folder",
        KIND,
        "https://github.com/modelcontextprotocol/python-sdk/pull/3296",
        ".env in UTF-8 with umlauts in the data folder, under an ASCII locale",
        Command(("doctor",), ASCII, {".env": "CHIMERA_DATA_DIR=dàta\n".encode()}, keeps_api=False),
        Exits(None, ("data folder",)),
    ),
    Case(
        "key.utf-16",
        KIND,
        MARKS,
        "a key file in UTF-16",
        Command(
            ("doctor",),
            {"CHIMERA_SECRETS_DIR": "."},
            {"chimera_openai_api_key": "sk-1234567".encode("utf-16")},
            keeps_api=False,
        ),
        Exits(1, ("CHIMERA_OPENAI_API_KEY", "Check that it is a text file")),
    ),
    Case(
        "B28.half",
        KIND,
        "https://github.com/HKUDS/nanobot/pull/3697",
        "a goal with half an emoji, as bytes",
        Command(("run", b"\xed\xa0\xbd", "--no-follow")),
        Exits(3, ("Argument 2", "UTF-8")),
    ),
)
CASES = (*STREAMS, *FOLDERS, *ADDRESSES, *BASE_URLS, *PLANS)
