"""A followed task on the terminal: a tree of its subtasks, streaming text, and a progress bar.

All text passes through `plain` and is shown as `Text`, which doesn't interpret markup.
"""

import re

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from cli.live.nodes import Node
from cli.live.view import TaskState
from cli.output.bill import marked
from cli.output.text import count, one_line, plain
from models.base import usd
from models.ids import ROOT
from models.model_calls import PURPOSES, Purpose
from models.runs import RunStatus
from models.subtasks import SubtaskStatus

_MARKS = {
    SubtaskStatus.PENDING: ("·", "dim"),
    SubtaskStatus.RUNNING: ("▶", "cyan"),
    SubtaskStatus.COMPLETED: ("✓", "green"),
    SubtaskStatus.FAILED: ("✗", "red"),
    SubtaskStatus.SKIPPED: ("⤼", "yellow"),
    SubtaskStatus.CANCELLED: ("■", "yellow"),
}
_STATUS_STYLES = {
    RunStatus.COMPLETED: "green",
    RunStatus.FAILED: "red",
    RunStatus.CANCELLED: "yellow",
    RunStatus.CANCELLING: "yellow",
    RunStatus.PAUSED: "yellow",
    RunStatus.WAITING: "yellow",
}

MOST_TEXT_LINES = 3
MOST_NOTE_CHARS = 400
MOST_NOTE_LINES = 5
"""Enough lines for the reason why a task waits and the whole command that continues it."""
_COMMAND = re.compile(r" (?=(?:Run|See): chimera [^.]*$)")
FRAME_LINES = 7
"""Lines that aren't subtasks: the task, its own text, the bar, the totals, a banner and some space."""


def display_of(
    state: TaskState, *, elapsed_s: float, width: int = 100, height: int = 40, banner: str = ""
) -> RenderableType:
    """Render a task's state in at most `height` lines, so that it can be redrawn in place."""
    note = _command_apart(one_line(state.note, MOST_NOTE_CHARS), width)
    root_note = "" if state.is_closed else one_line(state.root.note, MOST_NOTE_CHARS)
    root_lines = len(root_note) // width + 1 if root_note else 0
    room = max(
        4, height - FRAME_LINES - len(note) // width - note.count("\n") - root_lines - _newest_lines(state, width)
    )
    parts: list[RenderableType] = [_tree(state, room, width), _bar(state, width)]
    if root_note:
        parts.append(Text(root_note, style="yellow"))
    parts.append(_sums(state, elapsed_s))
    if note:
        parts.append(Text(note, style="yellow"))
    if banner:
        parts.append(Text(one_line(banner, width * 2), style="bold magenta"))
    return Group(*parts)


def _command_apart(note: str, width: int) -> str:
    """Put the command at the end of a note that doesn't fit on one line on a line of its own, to be copied whole."""
    return _COMMAND.sub("\n", note) if len(note) > width else note


def _newest_lines(state: TaskState, width: int) -> int:
    """Return how many lines the newest note needs at the narrowest width that it can have in the tree."""
    newest = state.nodes.get(state.noted, state.root)
    return 0 if newest is state.root else len(_note_lines(newest, _room_at(newest, width)))


def _tree(state: TaskState, room: int, width: int) -> Tree:
    """Return the tree of the task and its subtasks, or only the running subtasks if there are more than `room`."""
    nodes = state.subtasks
    shown = nodes if len(nodes) <= room else [node for node in nodes if node.status is SubtaskStatus.RUNNING][:room]
    text_lines = min(MOST_TEXT_LINES, max(0, (room - len(shown)) // max(1, len(state.being_written))))
    tree = Tree(_with_text(_task_line(state, width), state.root, text_lines, width - 4), guide_style="dim")
    if len(shown) == len(nodes):
        _add_children(tree, state, state.root, text_lines, width)
        return tree
    for node in shown:
        line = _node_line(node, width - 4, full=True, newest=node.path == state.noted)
        tree.add(_with_text(line, node, 0, width))
    tree.add(Text(f"… {count(len(nodes) - len(shown), 'more subtask')}", style="dim"))
    return tree


def _add_children(tree: Tree, state: TaskState, parent: Node, text_lines: int, width: int) -> None:
    for node in state.children_of(parent.path):
        room = _room_at(node, width)
        line = _node_line(node, room, newest=node.path == state.noted)
        branch = tree.add(_with_text(line, node, text_lines, room - 4))
        _add_children(branch, state, node, text_lines, width)


def _task_line(state: TaskState, width: int) -> Text:
    status = Text(f" {state.status}", style=_STATUS_STYLES.get(state.status, "cyan"))
    return Text(one_line(state.title or state.goal, max(20, width - 16)), style="bold") + status


def _room_at(node: Node, width: int) -> int:
    """Return how wide a node's line may be after the tree's guides."""
    return max(20, width - 4 * (node.path.count("/") + 1))


def _node_line(node: Node, width: int, *, full: bool = False, newest: bool = False) -> Text:
    """Return a node in one line. If its note is the newest and doesn't fit, the whole note is shown below."""
    mark, style = _MARKS[node.status]
    line = Text.assemble((f"{mark} ", style), (plain(node.path if full else node.key), "bold"))
    line.append(f"  {one_line(node.agent, 30)}", style="cyan dim")
    if node.status is SubtaskStatus.PENDING and node.depends_on:
        line.append(f"  after {one_line(', '.join(node.depends_on), 60)}", style="dim")
    if node.turns:
        cost = marked(usd(node.cost_micro_usd), estimated=node.estimated)
        line.append(f"  {count(node.turns, 'call')}, {cost}", style="dim")
    note = one_line(node.note or node.title, 300)
    below = newest and bool(node.note) and line.cell_len + 2 + len(note) > width
    if note and not below:
        line.append(f"  {note}", style="yellow" if node.note else "dim")
    line.truncate(max(20, width), overflow="ellipsis")
    if not below:
        return line
    return Text("\n").join([line, *(Text(f"  {words}", style="yellow") for words in _note_lines(node, width))])


def _note_lines(node: Node, width: int) -> list[str]:
    return _broken(one_line(node.note, MOST_NOTE_CHARS), max(18, width - 2))[:MOST_NOTE_LINES] if node.note else []


def _with_text(line: Text, node: Node, lines: int, width: int) -> Text:
    """Return a node's line with its streaming text below. Both are one label, so that text doesn't look like nodes."""
    label, writing = [line], node.writing
    if writing is None:
        return line
    if node.path == ROOT or writing.purpose is not Purpose.TURN:
        activity = f"  {plain(node.agent)} {PURPOSES[writing.purpose].activity}: {count(writing.length, 'character')}"
        label.append(Text(activity, style="cyan"))
    if lines and writing.tail and writing.purpose is not Purpose.PLAN:
        label += [Text(f"  {words}", style="italic") for words in last_lines(writing.tail, lines, max(20, width))]
    return Text("\n").join(label)


def last_lines(tail: str, lines: int, width: int) -> list[str]:
    """Return the last lines of a text after wrapping it at `width`."""
    return _broken(plain(tail), width)[-lines:]


def _broken(text: str, width: int) -> list[str]:
    broken = [""]
    for word in text.split():
        if len(broken[-1]) + 1 + len(word) > width:
            broken.append("")
        broken[-1] = f"{broken[-1]} {word[:width]}".strip()
    return broken


def _bar(state: TaskState, width: int) -> RenderableType:
    # The plan and the answer count as steps too, so that the bar also moves for a task with one subtask.
    total = len(state.subtasks) + 2
    done = total if state.status is RunStatus.COMPLETED else state.done + (1 if state.is_planned else 0)
    bar = Table.grid(padding=(0, 1))
    label = f"{state.done}/{len(state.subtasks)} subtasks" if state.is_planned else "no plan yet"
    bar.add_row(ProgressBar(total=total, completed=done, width=max(10, min(60, width - 24))), Text(label))
    return bar


def _sums(state: TaskState, elapsed_s: float) -> Text:
    parts = [
        f"{elapsed_s:.0f} s",
        count(state.finished_calls, "model call"),
        marked(count(state.tokens, "token"), estimated=state.estimated),
        marked(usd(state.spent_micro_usd), estimated=state.estimated),
    ]
    if state.repeated_calls:
        parts.append(f"{count(state.repeated_calls, 'call')} repeated")
    line = Text(" · ".join(parts), style="dim")
    return line.append(" · simulated", style="magenta") if state.simulated else line
