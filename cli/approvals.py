"""Approvals: list and show them, decide, answer questions, pass them on."""

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from cli.errors import WrongUsage
from cli.http import signed_in
from cli.input.amounts import whole
from cli.input.arguments import AsJson
from cli.input.options import ANSWER, APPROVAL, DELEGATE, OUTCOME
from cli.output.approvals import print_approval, print_approvals
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line
from cli.output.text import short

Id = Annotated[
    str, typer.Argument(metavar="ID", help="The approval's ID, or its first characters.", show_default=False)
]
All = Annotated[bool, typer.Option("--all", help="List all approvals that you can see, whatever their status.")]
Newest = Annotated[int, typer.Option(parser=whole(1, 1000), help="Maximum number of approvals, newest first.")]
Arguments = Annotated[
    str | None,
    typer.Option(
        metavar="JSON|FILE", help="Arguments that replace the agent's: a JSON object, or the name of a JSON file."
    ),
]
Reason = Annotated[str, typer.Option(help="The reason, which the agent receives.")]
AnswerText = Annotated[str, typer.Argument(metavar="ANSWER", help="The answer.", show_default=False)]
HasHappened = Annotated[bool, typer.Option("--happened", help="The call has taken effect.")]
HasNotHappened = Annotated[bool, typer.Option("--not-happened", help="The call has not taken effect.")]
RunAgain = Annotated[bool, typer.Option("--again", help="Run the call again, although it may have taken effect.")]
Result = Annotated[str | None, typer.Option(help="With --happened: the result for the agent.")]
To = Annotated[str, typer.Argument(metavar="EMAIL", help="The e-mail address of the user.", show_default=False)]
Keep = Annotated[bool, typer.Option("--keep", help="You may still decide, too.")]

app = typer.Typer(name="approvals", help="List the decisions that wait for you, show them, or pass them on.")


@app.callback(invoke_without_command=True)
def approvals(
    context: typer.Context, all_of_them: All = False, limit: Newest = 100, as_json: AsJson = False
) -> Coroutine[Any, Any, int] | None:
    """List the decisions that wait for you, show them, or pass them on."""
    return None if context.invoked_subcommand else list_approvals(all_of_them, limit, as_json=as_json)


async def list_approvals(all_of_them: bool, limit: int, *, as_json: bool) -> int:
    from cli.http.ids import ALL_STATUSES
    from cli.http.pages import items_of

    statuses = ALL_STATUSES if all_of_them else ()
    async with signed_in() as client:
        found = await items_of(
            lambda most, cursor: client.approvals(statuses=statuses, limit=most, cursor=cursor), limit
        )
    if as_json:
        print_list(found)
    else:
        print_approvals(found)
    return 0


@app.command()
async def show(approval_id: Id, as_json: AsJson = False) -> int:
    """Show an approval with the complete arguments of its call. Hidden and look-alike characters are escaped."""
    from cli.http.ids import approval_named

    async with signed_in() as client:
        found = await approval_named(client, approval_id)
    if as_json:
        print_json(found)
    else:
        print_approval(found)
    return 0


@app.command()
async def outcome(
    approval_id: Id,
    happened: HasHappened = False,
    not_happened: HasNotHappened = False,
    again: RunAgain = False,
    result: Result = None,
    as_json: AsJson = False,
) -> int:
    """Determine the outcome of a call that began, but whose result was lost."""
    if happened + not_happened + again != 1:
        raise WrongUsage("Set exactly one of --happened, --not-happened and --again.")
    if result is not None and not happened:
        raise WrongUsage("--result works only with --happened.")
    decision: dict[str, Any] = {"decision": "again" if again else "not_happened" if not_happened else "happened"}
    if result is not None:
        decision["result"] = result
    return await _decide(approval_id, decision, as_json=as_json)


@app.command()
async def delegate(approval_id: Id, to: To, keep: Keep = False, as_json: AsJson = False) -> int:
    """Let another user decide instead of you."""
    from cli.http.ids import approval_named

    async with signed_in(DELEGATE) as client:
        found = await approval_named(client, approval_id)
        passed = await client.delegate_approval(found.id, {"to": to, "keep": keep})
    if as_json:
        print_json(passed)
    else:
        print_line(f"Approval {short(passed.id)} can now be decided by {', '.join(passed.approvers)}.")
    return 0


async def approve(approval_id: Id, arguments: Arguments = None, as_json: AsJson = False) -> int:
    """Approve a tool call, as it is or with changed arguments."""
    from cli.input.files import object_of

    decision: dict[str, Any] = {"decision": "approve"}
    if arguments is not None:
        decision["arguments"] = object_of(arguments, "--arguments")
    return await _decide(approval_id, decision, as_json=as_json)


async def reject(approval_id: Id, reason: Reason = "", as_json: AsJson = False) -> int:
    """Reject a tool call. The agent receives the reason and continues."""
    return await _decide(approval_id, {"decision": "reject", "reason": reason}, as_json=as_json)


async def answer(approval_id: Id, text: AnswerText, as_json: AsJson = False) -> int:
    """Answer an agent's question."""
    from cli.http.ids import approval_named

    async with signed_in(ANSWER) as client:
        found = await approval_named(client, approval_id)
        if found.question is None:
            raise WrongUsage(
                f"{short(found.id)} isn't a question. To see what it is, run: chimera approvals show {short(found.id)}"
            )
        given = await client.answer(found.id, text)
    if as_json:
        print_json(given)
    else:
        print_line(f"The question {short(given.id)} is answered.")
    return 0


async def _decide(approval_id: str, decision: dict[str, Any], *, as_json: bool) -> int:
    from cli.http.ids import approval_named

    async with signed_in({**APPROVAL, **OUTCOME}) as client:
        found = await approval_named(client, approval_id)
        decided = await client.decide(found.id, decision)
    if as_json:
        print_json(decided)
    elif decided.status == "pending":
        votes = sum(vote.decision == "approve" for vote in decided.votes)
        print_line(f"Approval {short(decided.id)} has {votes} of the {decided.terms.quorum} approvals that it needs.")
    else:
        print_line(f"Approval {short(decided.id)} is {decided.status}.")
    return 0
