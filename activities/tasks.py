"""Changes of a task's state outside of model calls. These are local activities, with one marker event each."""

from temporalio import activity

from chimera.bus import Bus
from chimera.db.engine import Database
from chimera.ledger import ends
from models import activities as contract
from models.tasks import TransitionRecord


class TaskRecords(contract.TaskRecords):
    """Implements `record_transition`."""

    def __init__(self, *, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus

    @activity.defn(name=contract.RECORD_TRANSITION)
    async def record(self, record: TransitionRecord) -> None:
        """Record once, in the task's rows, how a node ended."""
        async with self._database.begin() as session:
            seq = await ends.record(session, record)
        if seq:
            self._bus.wake(record.run_id, seq)
