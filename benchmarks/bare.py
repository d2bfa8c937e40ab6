"""The baseline: the reference job as bare Temporal workflows, with the same provider client but without Chimera.

The job consists of eight calls of the same simulator over HTTP: a plan, three subtasks with two sequential model calls
each, and an aggregation. It has its own module, because workflows can't be defined in `__main__`.
"""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from chimera.providers.base import ChatEnd, ChatMessage, ChatRequest, Provider

SUBTASKS = 3
CALLS = 2
TIMEOUT = timedelta(seconds=60)


class BareCalls:
    """The baseline's model call: it reads the provider's stream to the end."""

    def __init__(self, provider: Provider, model: str) -> None:
        self._provider = provider
        self._model = model

    @activity.defn(name="bare_model_call")
    async def call(self, call_id: str) -> str:
        """Send one request and return the first 200 characters of the answer."""
        request = ChatRequest(
            model=self._model,
            messages=(
                ChatMessage("system", "You answer."),
                ChatMessage("user", f"Task:\nSay a little about {call_id}."),
            ),
            call_id=call_id,
            attempt=activity.info().attempt,
            max_output_tokens=2048,
        )
        text = ""
        async for item in self._provider.stream(request):
            if not isinstance(item, ChatEnd):
                text += item.text
        return text[:200]


@workflow.defn
class BareTask:
    @workflow.run
    async def run(self, task_id: str) -> str:
        await workflow.execute_activity_method(BareCalls.call, f"{task_id}#plan", start_to_close_timeout=TIMEOUT)
        await asyncio.gather(
            *(
                workflow.execute_child_workflow(BareSubtask.run, f"{task_id}/{i}", id=f"bare-{task_id}/{i}")
                for i in range(SUBTASKS)
            )
        )
        return await workflow.execute_activity_method(
            BareCalls.call, f"{task_id}#aggregate", start_to_close_timeout=TIMEOUT
        )


@workflow.defn
class BareSubtask:
    @workflow.run
    async def run(self, path: str) -> str:
        answer = ""
        for step in range(CALLS):
            answer = await workflow.execute_activity_method(
                BareCalls.call, f"{path}#{step}", start_to_close_timeout=TIMEOUT
            )
        return answer
