import { useListAgentsQuery } from '../../api';

/** Return the active agents that subtasks can have: `value` names one in a request. */
export function useAgents() {
  const { data, isLoading } = useListAgentsQuery({ shared: 'all', limit: 100 });
  const agents = (data?.items ?? [])
    .filter(({ active, name, built_in }) => active !== false && !(built_in && name === 'planner'))
    // A shared agent can have the name of one's own, so its ID names it.
    .map((agent) => ({ value: agent.right ? (agent.id ?? agent.name) : agent.name, name: agent.name, about: agent.description, shared: agent.right != null }));
  return { agents, isLoading };
}
