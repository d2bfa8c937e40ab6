/** An agent as the editor holds it: every field as it was typed. */
import type { AgentSpec, AgentView } from '../../api';
import { microOf, usdText } from '../../parts/usd';

export const MOST_CHARACTERS = 20_000;
export const LIMITS = ['turns', 'toolCalls', 'seconds', 'identical'] as const;
type Limit = (typeof LIMITS)[number];

export type Draft = {
  name: string; description: string; role: string; prompt: string; model: string | null; fallbacks: string[]; temperature: string;
  effort: string; output: string; tools: string[]; schema: string; cost: string; limits: Record<Limit, string>;
};

/** Names of the words that explain what is wrong, by field. */
export type Faults = Partial<Record<'name' | 'prompt' | 'temperature' | 'output' | 'schema' | 'cost' | Limit, string>>;

const typed = (value: number | null | undefined) => (value == null ? '' : String(value));

export const EMPTY: Draft = {
  name: '', description: '', role: 'custom', prompt: '', model: null, fallbacks: [], temperature: '', effort: '', output: '2048',
  tools: [], schema: '', cost: '', limits: { turns: '', toolCalls: '', seconds: '', identical: '3' },
};

export function draftOf(agent: AgentView | AgentSpec): Draft {
  const limits = agent.limits ?? {};
  return {
    name: agent.name, description: agent.description ?? '', role: agent.role ?? 'custom', prompt: agent.prompt, model: agent.model ?? null,
    fallbacks: agent.fallbacks ?? [], temperature: typed(agent.temperature), effort: agent.reasoning_effort ?? '', output: typed(agent.max_output_tokens ?? 2048),
    tools: agent.tools ?? [], schema: agent.output_schema ? JSON.stringify(agent.output_schema, null, 2) : '',
    cost: limits.max_cost_micro_usd == null ? '' : usdText(limits.max_cost_micro_usd),
    limits: { turns: typed(limits.max_turns), toolCalls: typed(limits.max_tool_calls), seconds: typed(limits.max_seconds), identical: typed(limits.max_identical_calls ?? 3) },
  };
}

const whole = (text: string) => /^[1-9]\d{0,8}$/.test(text.trim());

function schemaOf(text: string): AgentSpec['output_schema'] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as NonNullable<AgentSpec['output_schema']>) : undefined;
  } catch {
    return undefined;
  }
}

export function faultsOf(draft: Draft): Faults {
  const faults: Faults = {};
  if (!/^[a-z][a-z0-9_-]{0,59}$/.test(draft.name)) faults.name = 'nameBad';
  if (draft.prompt.trim() === '') faults.prompt = 'promptMissing';
  const temperature = Number(draft.temperature.replace(',', '.'));
  if (draft.temperature.trim() !== '' && !(temperature >= 0 && temperature <= 2)) faults.temperature = 'temperatureBad';
  if (!whole(draft.output) || Number(draft.output) < 16 || Number(draft.output) > 131_072) faults.output = 'outputBad';
  if (draft.schema.trim() !== '' && schemaOf(draft.schema) === undefined) faults.schema = 'schemaBad';
  if (draft.cost.trim() !== '' && microOf(draft.cost) === undefined) faults.cost = 'costBad';
  for (const limit of LIMITS) {
    const empty = draft.limits[limit].trim() === '' && limit !== 'identical';
    if (!empty && !whole(draft.limits[limit])) faults[limit] = 'wholeBad';
  }
  return faults;
}

/** Return what to send for a draft without faults. */
export function specOf(draft: Draft): AgentSpec {
  const count = (limit: Limit) => (draft.limits[limit].trim() === '' ? null : Number(draft.limits[limit]));
  return {
    name: draft.name, description: draft.description, role: draft.role, prompt: draft.prompt, model: draft.model, fallbacks: draft.fallbacks,
    temperature: draft.temperature.trim() === '' ? null : Number(draft.temperature.replace(',', '.')),
    reasoning_effort: draft.effort === '' ? null : (draft.effort as NonNullable<AgentSpec['reasoning_effort']>),
    max_output_tokens: Number(draft.output), tools: draft.tools,
    output_schema: draft.schema.trim() === '' ? null : (schemaOf(draft.schema) ?? null),
    limits: {
      max_turns: count('turns'), max_tool_calls: count('toolCalls'), max_seconds: count('seconds'),
      max_identical_calls: count('identical') ?? 3, max_cost_micro_usd: draft.cost.trim() === '' ? null : (microOf(draft.cost) ?? null),
    },
  };
}
