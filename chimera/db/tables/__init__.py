"""The tables. What an outsider asks about is here; where a run stands is in Temporal's history.

Money is in millionths of a US dollar, times are UTC with time zone. Rows below a run go with it (CASCADE), but for the
ledger: deleting a run empties its content and keeps the row with what was paid (`deleted_at`), because bills outlive
conversations.
"""

from chimera.db.tables.agents import *
from chimera.db.tables.ai_calls import *
from chimera.db.tables.base import *
from chimera.db.tables.calls import *
from chimera.db.tables.files import *
from chimera.db.tables.runs import *
from chimera.db.tables.schedules import *
from chimera.db.tables.tasks import *
from chimera.db.tables.users import *
