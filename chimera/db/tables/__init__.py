"""The tables. They contain what clients ask for; the state of a run is in Temporal's history.

Amounts of money are in millionths of a US dollar, and times are in UTC with time zone. The rows below a run are deleted
with it (CASCADE). The ledger is an exception: deleting a run empties its content, but keeps the row and what was paid
(`deleted_at`), because bills outlive conversations.
"""

from chimera.db.tables.agents import *
from chimera.db.tables.ai_calls import *
from chimera.db.tables.api_keys import *
from chimera.db.tables.approvals import *
from chimera.db.tables.audit import *
from chimera.db.tables.base import *
from chimera.db.tables.calls import *
from chimera.db.tables.chat import *
from chimera.db.tables.custom_metrics import *
from chimera.db.tables.files import *
from chimera.db.tables.groups import *
from chimera.db.tables.idempotency import *
from chimera.db.tables.invitations import *
from chimera.db.tables.limits import *
from chimera.db.tables.notifications import *
from chimera.db.tables.processes import *
from chimera.db.tables.replies import *
from chimera.db.tables.retention import *
from chimera.db.tables.rollups import *
from chimera.db.tables.runs import *
from chimera.db.tables.schedules import *
from chimera.db.tables.shares import *
from chimera.db.tables.system_log import *
from chimera.db.tables.tasks import *
from chimera.db.tables.tickets import *
from chimera.db.tables.tools import *
from chimera.db.tables.users import *
