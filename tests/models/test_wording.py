"""The messages that users get about values that can't be accepted."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from models.agents import AgentSpec
from models.ai_calls import EmbeddingSpec
from models.custom_metrics import MetricRecords
from models.replies import CompletionSpec
from models.schedules import ScheduleSpec
from models.streams import CLIENT_MESSAGE
from models.tasks import TaskSpec
from models.wording import reportable, sentence_of

TASK: TypeAdapter[Any] = TypeAdapter(TaskSpec)
AGENT: TypeAdapter[Any] = TypeAdapter(AgentSpec)
EMBEDDING: TypeAdapter[Any] = TypeAdapter(EmbeddingSpec)
METRICS: TypeAdapter[Any] = TypeAdapter(MetricRecords)
COMPLETION: TypeAdapter[Any] = TypeAdapter(CompletionSpec)
SCHEDULE: TypeAdapter[Any] = TypeAdapter(ScheduleSpec)


@pytest.mark.parametrize(
    ("contract", "value", "expected"),
    [
        (TASK, {"goal": "x", "plan": "do it"}, "Send a list in square brackets: […]."),
        (TASK, {"goal": "x", "plan": []}, "Send at least one item, or omit the list."),
        (EMBEDDING, {"model": "a/b", "input": []}, "Send at least one item."),
        (METRICS, {"metrics": []}, "Send at least one item."),
        (COMPLETION, {"model": "a/b", "messages": []}, "Send at least one item."),
        (TASK, {"goal": "x", "budget": 3}, "Send an object in curly brackets: {…}."),
        (TASK, {"goal": "x", "title": "x" * 121}, "Use at most 120 characters."),
        (TASK, {"goal": "x", "priority": 6}, "The value must be 5 or less."),
        (TASK, {"goal": "x", "on_failure": "shrug"}, "Use one of 'fail', 'skip' or 'retry'."),
        (TASK, {}, "A required value is missing. Add it."),
        (AGENT, {"name": "a", "prompt": "x", "temperature": "hot"}, "Send a number without quotes, such as 0.5."),
        (AGENT, {"name": "A", "prompt": "x"}, "as in poet."),
        (SCHEDULE, {"name": "x", "task": {"goal": "x"}}, "Set either cron or interval_s, but not both."),
        (CLIENT_MESSAGE, [], "Send an object in curly brackets: {…}."),
        (CLIENT_MESSAGE, {"topic": "run:1"}, "Set 'type' to a supported message type."),
        (CLIENT_MESSAGE, {"type": "cancel"}, "Use one of 'authenticate', 'subscribe', 'unsubscribe', 'ping'."),
    ],
)
def test_each_invalid_value_gets_a_sentence_with_a_remedy(
    contract: TypeAdapter[Any], value: object, expected: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        contract.validate_python(value)
    assert sentence_of(reportable(raised.value.errors())[0]).endswith(expected)
