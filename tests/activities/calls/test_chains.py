"""The choice of the next model, given the attempts that the ledger has recorded so far."""

from dataclasses import replace

import pytest

from activities.calls.chains import Chain, chain_of
from chimera.ledger.statements import FailedBefore
from chimera.ledger.transcripts import CallContext
from models.agents import AgentSpec
from models.tasks import OnTruncated

A, B, C = "openai/a", "openai/b", "local/c"


def failed(model: str, code: str, times: int = 1, latest: int = 1, way: str | None = None) -> FailedBefore:
    return FailedBefore(model, code, times, latest, way)


def chain(*failures: FailedBefore, models: tuple[str, ...] = (A, B), retry: int = 0) -> Chain:
    return Chain(models, failures, retry, max_attempts=3)


def agent(model: str | None = None, *fallbacks: str) -> AgentSpec:
    return AgentSpec(name="poet", prompt="Rhyme.", model=model, fallbacks=fallbacks)


@pytest.mark.parametrize(
    ("own", "models"),
    [(agent(), (A, B)), (agent(None, C), (A, C)), (agent(C), (C,)), (agent(C, B, C), (C, B))],
)
def test_an_agents_own_models_come_before_the_tasks(own: AgentSpec, models: tuple[str, ...]) -> None:
    assert chain_of(own, a_context(), retry=0, max_attempts=3).models == models


@pytest.mark.parametrize(("own", "models"), [(agent(), (C, B)), (agent(A, B), (C, B)), (agent(A, C), (C,))])
def test_a_nodes_own_model_precedes_all_others(own: AgentSpec, models: tuple[str, ...]) -> None:
    context = replace(a_context(), own_model=C)
    assert chain_of(own, context, retry=0, max_attempts=3).models == models


def a_context() -> CallContext:
    """Return the context of a call whose task uses model A, with B as its fallback."""
    return CallContext(
        owner_id="",
        run_status="running",
        left_out=False,
        goal="",
        model=A,
        fallbacks=(B,),
        images=(),
        instruction="",
        depends_on=(),
        own_model=None,
        agent_spec=None,
        guidance=(),
        guidance_given=0,
        on_truncated=OnTruncated.CONTINUE,
        call_status=None,
        attempt=0,
        failures=(),
        outcome=None,
    )


@pytest.mark.parametrize(
    ("failures", "left"),
    [
        ((), (A, B)),
        ((failed(A, "overloaded", 2),), (A, B)),
        ((failed(A, "overloaded", 2), failed(A, "in_doubt")), (B,)),
        ((failed(A, "wrong_key"),), (B,)),
        ((failed(A, "rate_limited", 3),), (B,)),
        ((failed(A, "unreachable", 3), failed(A, "truncated"), failed(B, "wrong_key")), (A,)),
        # A model that was only unavailable or rate-limited is called again when no other model is left.
        ((failed(A, "rate_limited", 3), failed(B, "wrong_key")), (A,)),
        ((failed(A, "rate_limited", 99), failed(A, "provider_away", 9), failed(B, "provider_away", 9)), (A, B)),
    ],
)
def test_a_model_that_failed_makes_room(failures: tuple[FailedBefore, ...], left: tuple[str, ...]) -> None:
    assert chain(*failures).left() == left


def test_when_every_model_has_failed_none_is_left() -> None:
    done = chain(failed(A, "overloaded", 3, latest=3), failed(B, "wrong_key", latest=4), failed(B, "rate_limited", 7))
    assert (done.left(), done.failed()) == ((), 4)


@pytest.mark.parametrize("code", ["rate_limited", "model_loading"])
def test_waiting_counts_only_where_it_was_paid(code: str) -> None:
    free, paid = chain(failed(A, code, 9), models=(A,)), chain(failed(A, code, 3, way="x"), models=(A,))
    assert (free.left(), free.failed()) == ((A,), 0)
    assert (paid.left(), paid.failed()) == ((), 3)


def test_a_retried_subtask_gets_all_its_attempts() -> None:
    failures = (failed(A, "bad_request"), failed(B, "overloaded", 3))
    assert chain(*failures, retry=1).left() == (A, B)


def test_one_more_failure_is_counted() -> None:
    assert chain().after(A, "wrong_key", None).left() == (B,)
    assert chain(failed(A, "wrong_key")).after(B, "wrong_key", None).left() == ()
    assert chain(models=(A,), retry=1).after(A, "wrong_key", None).left() == (A,)


@pytest.mark.parametrize("code", ["malformed", "truncated", "stalled", "internal_failure"])
def test_the_same_failure_is_not_paid_for_a_third_time(code: str) -> None:
    once = failed(A, code, way="x")
    assert chain(once).left() == (A, B)
    assert chain(once).after(A, code, "x").left() == (B,)
    assert chain(once, models=(A,)).after(A, code, "x").left() == ()
    # After a different failure, one that cost nothing, or a retry of the subtask, another attempt may succeed.
    assert chain(once).after(A, code, "y").left() == (A, B)
    assert chain(failed(A, code)).after(A, code, None).left() == (A, B)
    assert chain(once, retry=1).after(A, code, "x").left() == (A, B)


def test_an_overloaded_provider_is_asked_again() -> None:
    assert chain(failed(A, "overloaded", way="x")).after(A, "overloaded", "x").left() == (A, B)
