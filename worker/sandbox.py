"""Temporal's workflow sandbox, with as few modules passed through as possible.

`models` and the packages that pydantic needs contain immutable data classes. Loading them again for every run would
take 228 ms per workflow start, compared with 3.4 ms with this list (measured when the other modules were still read
from files, see `workflow_code`). Don't add anything else: a workflow that needs more does too much.
"""

from typing import Any

from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

import workflows
from worker.workflow_code import keep


def sandbox() -> SandboxedWorkflowRunner:
    """Return the runner that every worker and every replay uses."""
    keep(workflows)
    return _Sandbox(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(
            "models",
            "pydantic_core",
            "annotated_types",
            "typing_inspection",
        )
    )


class _Sandbox(SandboxedWorkflowRunner):
    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _WithoutContext(super().create_instance(det))


class _WithoutContext(WorkflowInstance):
    """A sandboxed run whose payloads are written without a serialization context.

    Our converter and codec are the same for every command, and there is no external storage. The SDK asks for the
    contexts anyway, three times for each payload of an activation, and each request enters the sandbox. In a profile,
    this was one of a worker's largest items. Remove this class if a codec needs the context, for example to encrypt
    with a key per owner.
    """

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed

    def activate(self, act: Any) -> Any:
        return self._sandboxed.activate(act)

    def get_serialization_context(self, command_info: Any) -> None:
        return None

    def get_external_store_context(self, command_info: Any) -> Any:
        return StorageDriverStoreContext(target=None)

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()
