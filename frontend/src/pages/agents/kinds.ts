import type { AgentView } from '../../api';

export type Kind = 'built_in' | 'own' | 'shared';

export function kindOf(agent: AgentView): Kind {
  if (agent.built_in) return 'built_in';
  return agent.right ? 'shared' : 'own';
}

/** What an agent is addressed by: shared agents can have the same name as own ones, so the ID if there is one. */
export const refOf = (agent: AgentView) => agent.id ?? agent.name;

export const mayEdit = (agent: AgentView) => !agent.built_in && (!agent.right || agent.right === 'edit');
