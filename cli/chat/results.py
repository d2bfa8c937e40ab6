"""How a reply ended, and what it cost, in one line."""

from dataclasses import dataclass

from cli.output.endings import ending_of
from cli.output.remedies import with_command
from cli.output.text import count
from models.base import usd
from models.chat_messages import ReplyState
from models.errors import remedy_of
from models.runs import RunStatus


@dataclass(slots=True)
class Spent:
    """What the replies that were shown have cost."""

    replies: int = 0
    tokens: int = 0
    cost_micro_usd: int = 0
    simulated: int = 0

    def add(self, reply: ReplyState) -> None:
        self.replies += 1
        self.tokens += reply.input_tokens + reply.output_tokens
        self.cost_micro_usd += reply.cost_micro_usd
        self.simulated += reply.simulated

    @property
    def words(self) -> str:
        """The sums, such as `$0.0003 (simulated)`."""
        if not self.simulated:
            return usd(self.cost_micro_usd)
        return f"{usd(self.cost_micro_usd)} ({'simulated' if self.simulated == self.replies else 'partly simulated'})"


def tokens_and_cost(reply: ReplyState) -> str:
    """Return a reply's tokens and cost; simulated ones are labeled."""
    simulated = " (simulated)" if reply.simulated else ""
    tokens = f"{reply.input_tokens:,} + {count(reply.output_tokens, 'token')}"
    return f"{reply.model or 'no model call'}{simulated} · {tokens} · {usd(reply.cost_micro_usd)}"


def foot_of(reply: ReplyState) -> str:
    """Return the line below a reply."""
    facts = tokens_and_cost(reply)
    match reply.status:
        case RunStatus.COMPLETED:
            ending = ending_of(reply)
            return f"{facts} · {ending.words}" if ending else facts
        case RunStatus.CANCELLED:
            return f"■ The reply was cut. The text so far stays in the conversation. {facts}"
        case RunStatus.FAILED:
            error = with_command(reply.error or "", remedy_of(reply.error_code, reply.id))
            return f"✗ failed: {reply.error_code}: {error} {facts}"
        case status:
            return f"{status} · {facts}"
