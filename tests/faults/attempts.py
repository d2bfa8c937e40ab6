"""Figures about the attempts at an experiment's calls, in addition to the checks."""

from collections import Counter

from tests.faults.trials import Trial


async def by_status(trial: Trial) -> Counter[str]:
    """Count the attempts by status."""
    rows = await trial.lab.rows(
        "SELECT a.status, count(*) AS n FROM call_attempts a JOIN runs t ON t.id = a.run_id"
        " WHERE t.idempotency_key LIKE :prefix GROUP BY a.status",
        prefix=f"{trial.offers.prefix}%",
    )
    return Counter({row["status"]: row["n"] for row in rows})


async def written_twice(trial: Trial) -> int:
    """Count the calls that the provider answered in full more than once. Each of them was paid for again."""
    rows = await trial.lab.rows(
        "SELECT id FROM runs WHERE idempotency_key LIKE :prefix", prefix=f"{trial.offers.prefix}%"
    )
    mine = {str(row["id"]) for row in rows}
    whole = Counter(
        a.call_id for a in trial.lab.journal() if a.task_id in mine and a.phase == "finished" and a.status == 200
    )
    return sum(number > 1 for number in whole.values())
