"""The count by which the demo is judged."""

from cli.stack.proof import Entry, count_journal, count_ledger, prove
from models.costs import CostView
from models.ids import call_id_of
from models.model_calls import Purpose
from models.runs import RunStatus
from tests.cli.builders import TASK, a_bill, attempt, task_view

CALLS = [call_id_of(TASK, "", Purpose.PLAN, 1), call_id_of(TASK, "a", Purpose.TURN, 1)]  # type: ignore[arg-type]


def journal(*entries: str) -> list[Entry]:
    """Parse entries such as `0 arrived`, `1 cut` and `1 finished:500`: the call's index, the phase and the status."""
    read = []
    for entry in entries:
        call, _, phase = entry.partition(" ")
        phase, _, status = phase.partition(":")
        read.append(Entry.model_validate({"call_id": CALLS[int(call)], "phase": phase, "status": int(status or 200)}))
    return read


def cost(*attempts: tuple[int, int, str]) -> CostView:
    """Return a bill of attempts, each given as (index of the call, attempt, status)."""
    return a_bill(
        attempts=[
            attempt("a" if call else "", purpose="turn" if call else "plan", attempt=number, status=status)
            for call, number, status in attempts
        ]
    )


GOOD_JOURNAL = ("0 arrived", "0 finished", "1 arrived", "1 cut", "1 arrived", "1 finished")
GOOD_LEDGER = ((0, 1, "finished"), (1, 1, "in_doubt"), (1, 2, "finished"))
COMPLETED = task_view(status=RunStatus.COMPLETED)


def test_a_cut_call_that_was_made_again_is_proof() -> None:
    proof = prove(COMPLETED, cost(*GOOD_LEDGER), journal(*GOOD_JOURNAL), killed=True)
    assert proof.problems == ()
    assert (proof.journal.finished, proof.journal.requests, proof.journal.cut_made_again) == (2, 3, 1)
    assert (proof.ledger.finished, proof.ledger.requests, proof.ledger.cut_made_again) == (2, 3, 1)


def test_a_finished_call_that_arrives_again_is_found() -> None:
    count = count_journal(journal(*GOOD_JOURNAL, "0 arrived", "0 finished"))
    assert (count.finished_made_again, count.cut_made_again) == (1, 1)
    proof = prove(COMPLETED, cost(*GOOD_LEDGER), journal(*GOOD_JOURNAL, "0 arrived", "0 finished"), killed=True)
    assert "1 finished calls were repeated" in proof.problems


def test_a_refused_request_is_no_finished_call() -> None:
    count = count_journal(journal("1 arrived", "1 finished:500", "1 arrived", "1 finished"))
    assert (count.finished, count.finished_made_again) == (1, 0)


def test_a_ledger_that_paid_twice_is_found() -> None:
    count = count_ledger(COMPLETED, cost((0, 1, "finished"), (0, 2, "finished")))
    assert count.finished_made_again == 1


def test_a_request_missing_from_the_ledger_is_found() -> None:
    proof = prove(COMPLETED, cost((0, 1, "finished"), (1, 1, "finished")), journal(*GOOD_JOURNAL), killed=True)
    assert "Chimera's ledger and the provider's journal show different numbers of requests" in proof.problems


def test_a_demonstration_without_a_kill_proves_nothing() -> None:
    entries = journal("0 arrived", "0 finished", "1 arrived", "1 finished")
    proof = prove(COMPLETED, cost((0, 1, "finished"), (1, 1, "finished")), entries, killed=False)
    assert proof.problems == ("the worker was not killed, because no model call was seen in flight",)


def test_a_task_that_failed_proves_nothing() -> None:
    failed = task_view(status=RunStatus.FAILED)
    proof = prove(failed, cost(*GOOD_LEDGER), journal(*GOOD_JOURNAL), killed=True)
    assert proof.problems == ("the task's status is failed instead of completed",)
