"""D. The meaning of requests: F31."""

import asyncio

from tests.faults import jobs
from tests.faults.clients import following
from tests.faults.trials import Trial

AT_ONCE = 50


async def repeat_keys(trial: Trial, *, at_once: int = AT_ONCE, keys: int = 200, times: int = 3) -> None:
    """F31: one key many times at once, with another body, and after the end; then many keys a few times each."""
    lab, offers = trial.lab, trial.offers
    body, other = jobs.one_call("tokens=20"), jobs.one_call("tokens=21")
    same = await asyncio.gather(*(offers.post_patiently("same", body) for _ in range(at_once)))
    ids = {answer.task_id for answer in same}
    odd_ones = sorted(str((answer.status, answer.code)) for answer in same if answer.task_id is None)
    trial.expect(len(ids) == 1 and not odd_ones, f"{at_once} POSTs at once returned {len(ids)} ids and {odd_ones}")
    creating = sum(answer.task_id is not None and not answer.replayed for answer in offers.answers)
    trial.expect(creating == 1, f"{creating} responses report that they created the task, instead of one")
    different = await offers.post("same", other)
    refusal = (different.status, different.code)
    trial.expect(refusal == (422, "idempotency_key_reused"), f"a different body returned {refusal}")
    names = [f"many-{number}" for number in range(keys) for _ in range(times)]
    trial.random.shuffle(names)
    many = await asyncio.gather(*(offers.post_patiently(name, body) for name in names))
    distinct = {answer.task_id for answer in many}
    trial.expect(len(distinct) == keys, f"{keys} keys returned {len(distinct)} ids")
    followed = sorted(offers.accepted())[:20]
    async with following(lab, followed, trial.seed) as trial.followers:
        await lab.all_ended(offers.prefix, 120)
    before = await _result(trial, "same")
    after = await offers.post("same", body)
    trial.expect(after.task_id in ids, "the key of an ended task returned a different id")
    await trial.check(limit_s=60, extra=0)
    trial.expect(await _result(trial, "same") == before, "the task of a repeated key has a different result")
    answered = offers.answers
    trial.figures |= {
        "POSTs": len(answered),
        "ids at once": len(ids),
        "ids of many": len(distinct),
        "other body": str(different.status),
    }
    odd = {answer.status for answer in answered if answer.retry_after is None} - {200, 202, 422}
    trial.expect(not odd, f"POSTs returned {sorted(map(str, odd))}")


async def _result(trial: Trial, name: str) -> tuple[str, int]:
    row = (
        await trial.lab.rows(
            "SELECT result, model_calls FROM runs WHERE idempotency_key = :key", key=trial.offers.prefix + name
        )
    )[0]
    return row["result"], row["model_calls"]
