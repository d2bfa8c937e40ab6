"""Prompts, and the rules for their answers. Each purpose is one file and one line here."""

from activities.prompts import aggregate, plan, summary, turn
from activities.prompts.base import Prompt
from models.model_calls import Purpose

PROMPTS: dict[Purpose, Prompt] = {
    Purpose.PLAN: plan.PROMPT,
    Purpose.TURN: turn.PROMPT,
    Purpose.AGGREGATE: aggregate.PROMPT,
    Purpose.SUMMARY: summary.PROMPT,
}
