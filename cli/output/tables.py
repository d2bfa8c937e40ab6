"""Prints tables for users. If the screen is too narrow, each row becomes several lines, so that nothing is lost."""

from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from cli.output.prose import print_prose

MODEL_CHARS = 40
"""Maximum width of a model's name. Longer names continue in the next line."""

_GAP = 2
_LEAST_FOR_THE_REST = 12
"""Minimum width of a column that fills the remaining space."""


def print_table(console: Console, table: Table) -> None:
    """Print a table or, if its fixed columns don't fit, each row as several lines."""
    if console.width >= _needed_by(table.columns):
        console.print(table)
        return
    for row in zip(*(column.cells for column in table.columns), strict=True):
        cells = [(_text(column.header), _text(cell)) for column, cell in zip(table.columns, row, strict=True)]
        console.print(Text(cells[0][1].plain, style="bold"), soft_wrap=True)
        for heading, cell in cells[1:]:
            for line in cell.split() if cell.plain else ():
                print_prose(console, Text.assemble("  ", (f"{heading.plain}: ", "dim"), line), indent=4)
    if table.show_footer:
        footers = (
            f"{_text(each.header).plain}: {_text(each.footer).plain}" for each in table.columns[1:] if each.footer
        )
        print_prose(console, Text(f"{_text(table.columns[0].footer).plain}, {', '.join(footers)}", style="bold"))


def _needed_by(columns: list[Column]) -> int:
    return sum(_width_of(column) + _GAP for column in columns) - _GAP


def _width_of(column: Column) -> int:
    if column.ratio is not None:
        return _LEAST_FOR_THE_REST
    widest = max(
        cell_len(line.plain)
        for cell in (column.header, column.footer, *column.cells)
        for line in (_text(cell).split() or [Text()])
    )
    # A column that folds needs at most the maximum length of its lines.
    return widest if column.no_wrap else min(widest, column.max_width or _LEAST_FOR_THE_REST)


def _text(cell: object) -> Text:
    return cell if isinstance(cell, Text) else Text(str(cell))
