"""Tools that need a person or another agent. They only state what they need; the activity does the rest."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from chimera.tools.base import ToolOutput, TypedTool
from chimera.tools.context import ToolContext
from models.tools import ToolKind

MAX_WAIT_S = 90 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Question(ToolOutput):
    """A question whose answer is the result of the call."""

    options: tuple[str, ...] = ()
    default: str | None = None
    expires_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Delegation(ToolOutput):
    """Work for another agent, whose answer is the result of the call. The text is the instruction."""

    agent: str = ""
    title: str = ""


class AskPersonArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: str = Field(
        min_length=1, max_length=4000, description="The question, with all that is needed to answer it"
    )
    options: list[str] = Field(default=[], max_length=10, description="Suggested answers, if there are some")
    default: str | None = Field(
        default=None, max_length=4000, description="The answer to assume if nobody answers within `wait_s`"
    )
    wait_s: int | None = Field(
        default=None,
        ge=1,
        le=MAX_WAIT_S,
        description="How many seconds to wait for an answer. A day has 86400. Default: without limit",
    )


class AskPerson(TypedTool[AskPersonArguments]):
    """Asks the task's owner."""

    name = "ask_person"
    description = (
        "Ask the person who started this task, and wait for the answer. Ask only what you can't find out, and"
        " everything at once: the person may answer days later."
    )
    kind = ToolKind.PURE
    arguments = AskPersonArguments
    reads_only = True

    async def call(self, arguments: AskPersonArguments, context: ToolContext) -> ToolOutput:
        return Question(
            arguments.question,
            options=tuple(arguments.options),
            default=arguments.default,
            expires_after_s=arguments.wait_s,
        )


class DelegateArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    agent: str = Field(min_length=1, max_length=60, description="The name of the agent")
    instruction: str = Field(
        min_length=1, max_length=20_000, description="What to do. The agent sees nothing else, so include all facts."
    )
    title: str = Field(default="", max_length=120, description="A few words about the work")


class Delegate(TypedTool[DelegateArguments]):
    """Gives work to another agent."""

    name = "delegate"
    description = (
        "Give a self-contained part of your work to another agent, and get its answer. Agents: researcher, analyst,"
        " writer, coder, reviewer, critic, and the user's own. Call it several times in one turn to work in parallel."
    )
    kind = ToolKind.PURE
    arguments = DelegateArguments
    reads_only = True

    async def call(self, arguments: DelegateArguments, context: ToolContext) -> ToolOutput:
        return Delegation(arguments.instruction, agent=arguments.agent, title=arguments.title)
