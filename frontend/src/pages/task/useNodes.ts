import { useCallback, useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, useListSubtasksQuery, type SubtaskView } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { usePages } from '../../parts/usePages';

const PAGE = 100;

/** Return all subtasks of a task, loaded page by page. */
export function useNodes(id: string) {
  const dispatch = useAppDispatch();
  const first = useListSubtasksQuery({ taskId: id, limit: PAGE });
  const loadPage = useCallback(
    (cursor: string) => dispatch(api.endpoints.listSubtasks.initiate({ taskId: id, limit: PAGE, cursor }, { subscribe: false })).unwrap(),
    [dispatch, id],
  );
  const { items, hasMore, busy, error, load } = usePages<SubtaskView>(id, first.data, loadPage);
  useEffect(() => {
    if (hasMore && !busy && error === undefined) void load();
  }, [hasMore, busy, error, load]);
  return items;
}

/** Return a function that names the part of a task at a path. */
export function useNodeName(nodes: readonly SubtaskView[]): (path: string) => string {
  const { t } = useTranslation('task');
  const titles = useMemo(() => new Map(nodes.map(({ path, title, key }) => [path, title || key])), [nodes]);
  return (path) => (path === '' ? t('itself') : (titles.get(path) ?? path));
}
