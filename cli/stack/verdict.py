"""Formats the demonstration's proof for printing."""

from rich.table import Table

from cli.output.text import count, plain
from cli.stack.proof import Proof
from models.base import usd


def table_of(proof: Proof) -> Table:
    """Return a table with both counts side by side."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "Chimera's ledger", "provider's journal"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    ledger, journal = proof.ledger, proof.journal
    rows = (
        ("model calls", len(ledger.calls), len(journal.calls)),
        ("requests for these calls", ledger.requests, journal.requests),
        ("finished", ledger.finished, journal.finished),
        ("interrupted by the kill and repeated", ledger.cut_made_again, journal.cut_made_again),
        ("finished and repeated", ledger.finished_made_again, journal.finished_made_again),
    )
    for name, ours, theirs in rows:
        table.add_row(f"  {name}", str(ours), str(theirs))
    table.add_row("  cost (simulated)", usd(proof.spent_micro_usd), "")
    table.add_row("  possible extra cost of interrupted calls", usd(proof.in_doubt_micro_usd), "")
    return table


def verdict_of(proof: Proof) -> list[str]:
    if proof.problems:
        return ["✗ Not proved:", *(f"    {plain(problem)}" for problem in proof.problems)]
    finished, cut = count(proof.journal.finished, "model call"), proof.journal.cut_made_again
    return [
        f"✓ Proved: {finished} finished, and none of them was repeated. Interrupted calls that were repeated: {cut}."
    ]
