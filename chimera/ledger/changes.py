"""Changes since a snapshot: each exactly once, however late its transaction commits.

Numbers and times are assigned before a transaction commits, so a reader that remembers the greatest of them would skip
what commits later. Therefore a reader remembers a snapshot of PostgreSQL instead. What it has not seen is what the
snapshot doesn't show, and the new snapshot comes from the statement that reads. See docs/decisions/0023.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from chimera.db.engine import Connection, one, one_line
from chimera.db.tables.runs import LISTED
from chimera.ledger.notifications import view_of
from models.approvals import ApprovalStatus
from models.changes import ApprovalChange, RunChange
from models.events import EVENT, ApprovalDecided, ApprovalEscalated, ApprovalRequested, Event
from models.ids import RunId, UserId
from models.notifications import NotificationView
from models.runs import RunKind, RunStatus


class Snapshot(NamedTuple):
    """The transactions that a reader has seen, in PostgreSQL's notation, and when, by the database's clock."""

    shown: str
    at: datetime

    @property
    def next_txid(self) -> int:
        """Return the first transaction that hadn't begun."""
        return int(self.shown.split(":")[1])


_NOW = "SELECT pg_current_snapshot()::text AS shown, clock_timestamp() AS at"

# A transaction lasts less than an hour. The condition keeps rows of a restored database, whose transactions have higher
# numbers than the new server has assigned yet, from appearing when its counter passes them.
_IS_NEW = """{0}.txid >= pg_snapshot_xmin(%(since)s::pg_snapshot)::text::bigint
    AND NOT pg_visible_in_snapshot({0}.txid::text::xid8, %(since)s::pg_snapshot)
    AND pg_visible_in_snapshot({0}.txid::text::xid8, COALESCE(%(until)s::pg_snapshot, s.snapshot))"""
_RECENT = "> %(since_at)s::timestamptz - interval '1 hour'"
_NEWEST_OF_NOTIFICATION = "GREATEST(n.created_at, n.read_at, n.resolved_at)"

_CHANGED = one_line(f"""
SELECT s.snapshot::text AS shown, s.at AS read_at, c.*
FROM (SELECT pg_current_snapshot() AS snapshot, clock_timestamp() AS at) s LEFT JOIN LATERAL (
    SELECT 'event' AS source, e.at, e.seq, r.owner_id, a.approvers, r.id AS run_id, r.kind, r.status, t.title,
           p.session_id, a.status AS approval_status, e.payload
    FROM events e JOIN runs r ON r.id = e.run_id LEFT JOIN tasks t ON t.run_id = e.run_id
    LEFT JOIN replies p ON p.run_id = e.run_id
    LEFT JOIN approvals a ON a.id = (e.payload ->> 'approval_id')::uuid
    WHERE e.{LISTED} AND {_IS_NEW.format("e")} AND e.at {_RECENT} AND r.deleted_at IS NULL
      AND (%(everyone)s OR r.owner_id = ANY(%(users)s::uuid[]) OR a.approvers && %(users)s::uuid[])
    UNION ALL
    SELECT 'notification', {_NEWEST_OF_NOTIFICATION}, n.id, n.owner_id, NULL, n.run_id, NULL, NULL, NULL, NULL, NULL,
           jsonb_build_object('id', n.id, 'kind', n.kind, 'subject', n.subject, 'run_id', n.run_id, 'data', n.data,
               'created_at', n.created_at, 'read_at', n.read_at, 'resolved_at', n.resolved_at)
    FROM notifications n
    WHERE {_IS_NEW.format("n")} AND {_NEWEST_OF_NOTIFICATION} {_RECENT} AND n.owner_id = ANY(%(users)s::uuid[])
    ORDER BY at, seq LIMIT %(limit)s) c ON true
""")  # noqa: S608  # only constants go in


@dataclass(frozen=True)
class Changed:
    """A row that has changed, with the users who may know of it."""

    owner_id: UserId
    approvers: frozenset[UserId]
    run: RunChange | None = None
    notification: NotificationView | None = None
    approval_status: ApprovalStatus | None = None

    @cached_property
    def approval(self) -> ApprovalChange | None:
        """The change as one of an approval, if it is one."""
        run, event = self.run, self.run.event if self.run else None
        is_about = isinstance(event, (ApprovalRequested, ApprovalEscalated, ApprovalDecided))
        if run is None or event is None or not is_about or self.approval_status is None:
            return None
        assert isinstance(event, (ApprovalRequested, ApprovalEscalated, ApprovalDecided))
        return ApprovalChange(
            approval_id=event.approval_id,
            status=self.approval_status,
            run_id=run.run_id,
            title=run.title,
            at=run.at,
            event=event,
        )


async def now(connection: Connection) -> Snapshot:
    """Return the snapshot of this moment."""
    row = await one(await connection.execute(_NOW))
    return Snapshot(row.shown, row.at)


async def since(
    connection: Connection,
    before: Snapshot,
    users: Collection[UserId],
    *,
    everyone: bool,
    limit: int,
    until: Snapshot | None = None,
) -> tuple[Snapshot, list[Changed]]:
    """Return what has changed after the snapshot `before`, oldest first, and the snapshot after it.

    Returns changes of runs of the given users, of runs whose approvals they decide about, and of their notifications;
    with `everyone`, changes of all runs. `until` leaves out what is newer than that snapshot.
    """
    values = {
        "since": before.shown,
        "since_at": before.at,
        "until": until.shown if until else None,
        "users": list(users),
        "everyone": everyone,
        "limit": limit,
    }
    rows = await (await connection.execute(_CHANGED, values)).fetchall()
    after = until or Snapshot(rows[0].shown, rows[0].read_at)
    return after, [_changed(row) for row in rows if row.source is not None]


def _changed(row: Any) -> Changed:
    owner_id = UserId(str(row.owner_id))
    if row.source == "notification":
        return Changed(owner_id, frozenset(), notification=view_of(row.payload))
    event: Event = EVENT.validate_python(row.payload)
    return Changed(
        owner_id,
        frozenset(UserId(str(each)) for each in row.approvers or ()),
        run=RunChange(
            run_id=RunId(str(row.run_id)),
            kind=RunKind(row.kind),
            title=row.title,
            session_id=str(row.session_id) if row.session_id else None,
            status=RunStatus(row.status),
            seq=row.seq,
            at=row.at,
            event=event,
        ),
        approval_status=ApprovalStatus(row.approval_status) if row.approval_status else None,
    )
