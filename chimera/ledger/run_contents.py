"""The content of a run that agents or models work on, as one SQL expression: a task's, or a reply's."""

from models.replies import BARE_MODEL

CONTENT = f"""LATERAL (
    SELECT k.goal, k.model, k.fallbacks, k.images, k.policy, k.agents_revision, k.shared_agents, k.output_schema,
           NULL AS agent
    FROM tasks k WHERE k.run_id = r.id
    UNION ALL
    SELECT '', y.model, y.fallbacks, '{{}}'::text[], y.policy, y.agents_revision, y.shared_agents, y.output_schema,
           COALESCE(y.agent, '{BARE_MODEL}')
    FROM replies y WHERE y.run_id = r.id) t"""  # noqa: S608  # only constants go in
"""Selects the content of the run with the alias `r`, under the alias `t`. `agent` is the one of the root, which only
replies have.
"""
