import AddIcon from '@mui/icons-material/Add';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, useListTasksQuery, type TaskView } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { addWords } from '../../app/words';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import { useFilters } from '../../parts/useFilters';
import { usePages } from '../../parts/usePages';
import taskTexts from '../../words/task';
import texts from '../../words/tasks';
import { type TaskDialog, TaskDialogs } from '../task/dialogs/TaskDialogs';
import { Filters } from './Filters';
import { TaskRows } from './TaskRows';
import { filterOf } from './filter';

addWords('tasks', texts);
addWords('task', taskTexts);

/** All tasks of the user, and those shared with them. */
export default function Tasks() {
  const { t } = useTranslation('tasks');
  const dispatch = useAppDispatch();
  const filters = useFilters();
  const [chosen, choose] = useState<{ task: TaskView; dialog: TaskDialog }>();
  const filter = filterOf(filters.get);
  const { data, error, refetch, isLoading } = useListTasksQuery(filter);
  const pages = usePages<TaskView>(JSON.stringify(filter), data, (cursor) =>
    dispatch(api.endpoints.listTasks.initiate({ ...filter, cursor }, { subscribe: false, forceRefetch: true })).unwrap(),
  );
  // A task that was created meanwhile moves others to the next page, so they'd appear twice.
  const items = [...new Map(pages.items.map((task) => [task.id, task])).values()];
  const newTask = <Button variant="contained" startIcon={<AddIcon />} component={Link} to="/tasks/new">{t('newTask')}</Button>;
  return (
    <>
      <PageHeader title={t('title')} />
      <Stack spacing={2}>
        <Filters {...filters} />
        {isLoading && <Loading rows={6} height={56} />}
        {error !== undefined && <Problem error={error} onRetry={() => void refetch()} />}
        {data && items.length === 0 && (filters.any
          ? <EmptyState title={t('none')} hint={t('noneHint')} action={<Button variant="outlined" onClick={filters.clear}>{t('clear')}</Button>} />
          : <EmptyState title={t('empty')} hint={t('emptyHint')} action={newTask} />)}
        {items.length > 0 && <TaskRows tasks={items} onDialog={(task, dialog) => choose({ task, dialog })} />}
        {pages.error !== undefined && <Problem error={pages.error} onRetry={() => void pages.load()} />}
        {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
      </Stack>
      {chosen && <TaskDialogs task={chosen.task} open={chosen.dialog} onClose={() => choose(undefined)} />}
    </>
  );
}
