import { useListAgentsQuery, useListModelsQuery } from '../../api';

const MOST = 100;

/** The agents and models that can reply. A shared agent is named by its ID, others by their name. */
export function useRepliers() {
  const { data: agents } = useListAgentsQuery({ shared: 'all', limit: MOST });
  const { data: models } = useListModelsQuery();
  return {
    agents: (agents?.items ?? []).filter(({ active }) => active),
    models: (models?.models ?? []).filter(({ usable }) => usable).map(({ model }) => model),
  };
}
