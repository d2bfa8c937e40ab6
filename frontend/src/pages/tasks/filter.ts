import type { ListTasksApiArg, RunStatus, WaitsFor } from '../../api';

export const STATES: readonly RunStatus[] = ['running', 'waiting', 'queued', 'paused', 'cancelling', 'failed', 'completed', 'cancelled', 'draft'];
export const WAITS: readonly WaitsFor[] = ['approval', 'question', 'budget'];
const PAGE = 50;

/** Return the states that an address selects, such as `running,waiting`. */
export function statesOf(text: string): RunStatus[] {
  const words = text.split(',');
  return STATES.filter((state) => words.includes(state));
}

/** Return the request for the tasks that an address selects. */
export function filterOf(get: (name: string) => string): ListTasksApiArg {
  const status = statesOf(get('status'));
  const shared = (['shared', 'all'] as const).find((each) => each === get('whose'));
  const waitsFor = WAITS.find((each) => each === get('waits'));
  return {
    limit: PAGE, ...(status.length > 0 ? { status } : {}), ...(get('q') ? { q: get('q') } : {}), ...(shared ? { shared } : { shared: 'mine' }),
    ...(get('sort') === 'created_at' ? { sort: 'created_at' } : {}), ...(get('schedule') ? { scheduleId: get('schedule') } : {}),
    ...(get('agent') ? { agent: get('agent') } : {}), ...(waitsFor ? { waitsFor } : {}),
  };
}
