"""The tool policy: show the rules, replace them from a file, and try a call against them."""

from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.http import signed_in
from cli.input.arguments import AsJson
from cli.input.encodings import path
from cli.input.options import POLICY_TEST
from cli.output.printing import print_json
from cli.output.prose import print_line
from cli.output.text import count, one_line

if TYPE_CHECKING:
    from models.policies import PolicyRule

Installation = Annotated[
    bool, typer.Option("--installation", help="The rules of the installation. Only administrators can change them.")
]
File = Annotated[
    Path, typer.Argument(metavar="FILE", parser=path, help="A JSON file with the rules.", show_default=False)
]
Tool = Annotated[str, typer.Argument(metavar="TOOL", help="The name of the tool.", show_default=False)]
AgentName = Annotated[str | None, typer.Option(help="The name of the agent. Default: researcher.")]
Arguments = Annotated[
    str | None, typer.Option(metavar="JSON|FILE", help="The arguments of the call: JSON, or the name of a JSON file.")
]
AfterUntrusted = Annotated[
    bool, typer.Option("--after-untrusted", help="The task has read content from outside before the call.")
]

app = typer.Typer(name="policy", help="Show or replace the rules for tool calls, or try a call against them.")


@app.callback(invoke_without_command=True)
def policy(context: typer.Context, as_json: AsJson = False) -> Coroutine[Any, Any, int] | None:
    """Show or replace the rules for tool calls, or try a call against them."""
    return None if context.invoked_subcommand else show(as_json=as_json)


@app.command()
async def show(as_json: AsJson = False) -> int:
    """Show the rules for your tasks, in their order. Same as: chimera policy"""
    async with signed_in() as client:
        found = await client.policy()
    if as_json:
        print_json(found)
        return 0
    for heading, rules in (("Installation", found.installation), ("Your own", found.own)):
        print_line(f"{heading}: {count(len(rules), 'rule')}")
        for number, rule in enumerate(rules):
            print_line(f"  {number}. {_words_of(rule)}")
    print_line("Defaults: tools that only read are allowed; others need approval.")
    return 0


@app.command(name="set")
async def replace(file: File, installation: Installation = False, as_json: AsJson = False) -> int:
    """Replace your own rules with those in a file, such as {"rules": [{"tool": "shell", "verdict": "deny"}]}."""
    from cli.input.files import object_of

    rules = object_of(str(file), "The policy")
    async with signed_in() as client:
        stored = await client.set_policy(rules, installation=installation)
        names = [tool.name for tool in await client.tools()]
    if as_json:
        print_json(stored)
    else:
        whose = "The installation has" if installation else "You have"
        listed = rules.get("rules")
        number = len(listed) if isinstance(listed, list) else 0
        print_line(f"{whose} {count(number, 'rule')}. Running tasks follow them from their next tool call.")
        for note in _without_match(listed if isinstance(listed, list) else [], names):
            print_line(note)
    return 0


def _without_match(rules: list[Any], names: list[str]) -> Iterator[str]:
    """Yield a note for each rule that no tool matches: it may be meant for a later tool, or be misspelled."""
    from fnmatch import fnmatchcase

    from models.wording import instead_of

    for number, rule in enumerate(rules):
        pattern = rule.get("tool", "*") if isinstance(rule, dict) else "*"
        if not any(fnmatchcase(name, pattern) for name in names):
            meant = "" if "*" in pattern else f" {instead_of(pattern, names)}"
            yield f"Note: no tool matches rule {number}, {one_line(repr(pattern), 80)}.{meant}"


@app.command(name="test")
async def try_out(
    tool: Tool,
    agent: AgentName = None,
    arguments: Arguments = None,
    after_untrusted: AfterUntrusted = False,
    as_json: AsJson = False,
) -> int:
    """Try a tool call against the rules. Nothing runs."""
    from cli.input.files import object_of

    call: dict[str, Any] = {"tool": tool, "after_untrusted": after_untrusted}
    call |= {} if agent is None else {"agent": agent}
    call |= {} if arguments is None else {"arguments": object_of(arguments, "--arguments")}
    async with signed_in(POLICY_TEST) as client:
        found = await client.try_policy(call)
    if as_json:
        print_json(found)
        return 0
    by = "by default" if found.rule is None else f"by rule {found.rule} ({found.decided_by})"
    reason = f" {one_line(found.reason, 500)}" if found.reason else ""
    print_line(f"{found.verdict}, {by}.{reason}")
    if not found.known:
        print_line(f"No tool {one_line(tool, 64)!r} is known, so it counts as one that can change something.")
    return 0


def _words_of(rule: "PolicyRule") -> str:
    """Return a rule in one line."""
    patterns = {"tool": rule.tool, "agent": rule.agent, "user": rule.user, **rule.arguments}
    limits = ", ".join(f"{name}={pattern}" for name, pattern in patterns.items() if pattern != "*")
    who = f", decided by {', '.join(rule.approval.approvers)}" if rule.approval.approvers else ""
    why = f": {rule.reason}" if rule.reason else ""
    return one_line(f"{rule.verdict} {limits or 'every call'}{who}{why}", 400)
