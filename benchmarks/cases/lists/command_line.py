"""The command line: bytes that aren't text, terminals that can't show a text, files, amounts, `.env`."""

import json

from benchmarks.cases.case import Case, Command, Exits, NotRun

KIND = "command-line"
AMOUNT = "https://github.com/ledger/ledger/issues/1138"
ARGV = "https://github.com/google/adk-python/issues/4480"
OUTPUT = "https://github.com/Textualize/rich/issues/826"
ENV = "https://github.com/theskumar/python-dotenv/issues/637"
RUN = ("run", "x", "--model", "simulator/fast", "--no-follow")
PLAN = json.dumps([{"key": "a", "instruction": "café", "agent": "writer"}], ensure_ascii=False)
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
AMOUNTS = {
    "B45": ("0,050", AMOUNT),
    "B45.two": ("0,05", AMOUNT),
    "B45.thousand": ("1,500", AMOUNT),
    "amount.both": ("1.500,00", "https://github.com/ex-money/money/issues/112"),
    "amount.english": ("1,127.54", "https://github.com/ex-money/money/issues/112"),
    "amount.wallet": ("199,000", "https://github.com/ripple/ripple-client/issues/1081"),
    "amount.commas": ("1,00,,000", "https://github.com/Rudd-O/ledgerhelpers/issues/9"),
    "amount.underscore": ("1_000", "own"),
    "amount.blank": ("1 000", "https://github.com/turtlecoin/turtlecoin/issues/120"),
    "amount.points": ("1.5.0", "own"),
    "amount.nan": ("nan", "own"),
    "amount.inf": ("inf", "own"),
    "amount.minus": ("-1", "own"),
    "B49.e": ("1e-3", "own"),
    "B49.tiny": ("0.0000001", "own"),
    "B49.word": ("5 USD", "own"),
}
ENV_FILES = {
    "bom": "\ufeffCHIMERA_LOCAL_BASE_URL=http://127.0.0.1:9/v1\n".encode(),
    "crlf": b"CHIMERA_LOCAL_BASE_URL=http://127.0.0.1:9/v1\r\n",
    "export": b"export CHIMERA_LOCAL_BASE_URL=http://127.0.0.1:9/v1\n",
    "quotes": b'CHIMERA_LOCAL_BASE_URL="http://127.0.0.1:9/v1" # mine\n',
}


def _plan(id: str, what: str, content: bytes, right: Exits, environment: dict[str, str] | None = None) -> Case:
    command = Command((*RUN, "--plan", "plan.json"), environment or {}, {"plan.json": content})
    return Case(id, KIND, "own", what, command, right)


def _amount(id: str) -> Case:
    text, source = AMOUNTS[id]
    command = Command((*RUN, "--json", f"--budget-usd={text}"))
    return Case(id, "amounts", source, f"--budget-usd {text}", command, Exits(None, lacks=("max_cost_micro_usd",)))


CASES = (
    *map(_amount, AMOUNTS),
    Case(
        "amount.point",
        "amounts",
        AMOUNT,
        "--budget-usd 0.050",
        Command((*RUN, "--json", "--budget-usd", "0.050")),
        Exits(0, contains=('"max_cost_micro_usd": 50000',)),
    ),
    Case("B28", KIND, ARGV, "a goal that isn't UTF-8", Command(("run", b"caf\xe9", "--no-follow")), Exits(3)),
    Case(
        "cli.bytes-option",
        KIND,
        "https://github.com/lincolnloop/python-qrcode/issues/68",
        "an option that isn't UTF-8",
        Command(("run", "x", "--model", b"simulator/caf\xe9", "--no-follow")),
        Exits(3),
    ),
    Case(
        "cli.bytes-file",
        KIND,
        "https://github.com/fwupd/fwupd/pull/448",
        "a file name that isn't UTF-8",
        Command((*RUN, "--plan", b"caf\xe9.json")),
        Exits(3),
    ),
    Case(
        "cli.bytes-id",
        KIND,
        "https://github.com/cocotb/cocotb/pull/1366",
        "an id that isn't UTF-8",
        Command(("show", b"caf\xe9")),
        Exits(3),
    ),
    Case(
        "B29.ascii",
        KIND,
        OUTPUT,
        "a result with “ and … on an ASCII stream",
        Command(("run", "Say “a … b”.", "--model", "simulator/fast"), {"PYTHONIOENCODING": "ascii"}),
        Exits(0),
    ),
    Case(
        "B29.latin1",
        KIND,
        OUTPUT,
        "the same on a Latin-1 stream",
        Command(("run", "Say “a … b”.", "--model", "simulator/fast"), {"PYTHONIOENCODING": "latin-1"}),
        Exits(0),
    ),
    Case(
        "cli.c-locale",
        KIND,
        "https://github.com/huggingface/huggingface_hub/pull/4610",
        "the same in a C locale",
        Command(("run", "Say “a … b”.", "--model", "simulator/fast"), ASCII),
        Exits(0),
    ),
    Case(
        "cli.json-ascii",
        KIND,
        "https://github.com/pranav8494/orchestra-py/issues/31",
        "--json on an ASCII stream",
        Command(
            ("run", "Say “a”.", "--model", "simulator/fast", "--no-follow", "--json"), {"PYTHONIOENCODING": "ascii"}
        ),
        Exits(0, contains=('"status"',)),
    ),
    Case(
        "B30.head",
        KIND,
        "https://github.com/Backblaze/B2_Command_Line_Tool/issues/1071",
        "tasks --json, whose reader stops after 10 bytes",
        Command(("tasks", "--json", "--limit", "1000"), reads=10),
        Exits(None),
    ),
    Case(
        "B30.line",
        KIND,
        "https://github.com/canonical/craft-cli/issues/378",
        "tasks, whose reader stops after 3 bytes",
        Command(("tasks",), reads=3),
        Exits(None),
    ),
    Case(
        "B54.dumb",
        KIND,
        "https://github.com/colbymchenry/codegraph/issues/1281",
        "a dumb terminal",
        Command(("tasks",), {"TERM": "dumb"}, on_terminal=True),
        Exits(0, lacks=("\x1b",)),
    ),
    Case(
        "B54.no-color",
        KIND,
        "https://github.com/paiml/aprender/issues/662",
        "NO_COLOR on a 20-column terminal",
        Command(("tasks",), {"NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "20", "LINES": "6"}, on_terminal=True),
        Exits(0, lacks=("\x1b[3",)),
        "NO_COLOR affects only colors, so bold and dim text stay.",
    ),
    *(
        Case(
            f"B27.{name}",
            KIND,
            ENV,
            f".env with {name}",
            Command(("doctor",), files={".env": content}, keeps_api=False),
            Exits(None, contains=("127.0.0.1:9",)),
        )
        for name, content in ENV_FILES.items()
    ),
    *(
        Case(
            f"B27.{name}",
            KIND,
            ENV,
            f".env in {name}",
            Command(("doctor",), files={".env": "CHIMERA_LOCAL_MODEL=é\n".encode(name)}, keeps_api=False),
            Exits(None, contains=(".env", "Check that it is a text file")),
        )
        for name in ("utf-16", "latin-1")
    ),
    _plan("B47.ascii", "a valid UTF-8 plan under an ASCII locale", PLAN.encode(), Exits(0), ASCII),
    Case(
        "cli.cp1252",
        KIND,
        "https://github.com/Aider-AI/aider/pull/5294",
        "a result with a box character and an emoji on a Windows-1252 stream",
        Command(("run", "Say █ 🐦.", "--model", "simulator/fast"), {"PYTHONIOENCODING": "cp1252"}),
        Exits(0),
    ),
    _plan(
        "plan.utf-16-le",
        "a plan written by PowerShell",
        b"\xff\xfe" + PLAN.encode("utf-16-le"),
        Exits(3, contains=("UTF-8",)),
    ),
    _plan("plan.empty", "an empty plan", b"", Exits(3, contains=("JSON",))),
    _plan("plan.nul", "a plan with a null byte", PLAN.replace("a", "\0", 1).encode(), Exits(3)),
    _plan("B47.bom", "a plan with a byte order mark", b"\xef\xbb\xbf" + PLAN.encode(), Exits(0)),
    _plan("B47.utf-16", "a plan in UTF-16", PLAN.encode("utf-16"), Exits(3, contains=("UTF-8",))),
    _plan("B47.latin-1", "a plan in Latin-1", PLAN.encode("latin-1"), Exits(3, contains=("UTF-8",))),
    _plan(
        "B47.comma",
        "a plan with an extra comma",
        PLAN.replace("}]", "},]").encode(),
        Exits(3, contains=("line 1", "column")),
    ),
    Case(
        "B31",
        KIND,
        "https://github.com/jetify-com/devbox/issues/1575",
        "long and odd places",
        NotRun(),
        None,
        "The data folder of this benchmark's own stack has spaces, an accent, an umlaut and `(1) &` in its name.",
    ),
    Case(
        "B55",
        KIND,
        "own",
        "a checkout in an odd folder",
        NotRun(),
        None,
        "This case passed when it was tried. A full installation takes 91 s, which is too long for this benchmark.",
    ),
)
