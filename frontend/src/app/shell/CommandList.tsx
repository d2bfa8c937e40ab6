import Box from '@mui/material/Box';
import { Command } from 'cmdk';
import { useDeferredValue, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useListAgentsQuery, useListChatSessionsQuery, useListSchedulesQuery, useListTasksQuery } from '../../api';
import { useIsAdmin } from '../session/useMe';
import { placesOf } from './places';

const SHOWN = 8;

const LOOK = {
  '& [cmdk-input]': { width: '100%', font: 'inherit', fontSize: '1rem', color: 'inherit', bgcolor: 'transparent', border: 0, borderBottom: 1, borderColor: 'divider', p: 2, outline: 'none' },
  '& [cmdk-list]': { maxHeight: '50vh', overflowY: 'auto', p: 1 },
  '& [cmdk-group-heading]': { fontSize: '0.75rem', fontWeight: 600, color: 'text.secondary', px: 1, pt: 1, pb: 0.5 },
  '& [cmdk-item]': { px: 1, py: 1, borderRadius: 1, cursor: 'pointer', fontSize: '0.875rem', overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  '& [cmdk-item][data-selected="true"]': { bgcolor: 'action.selected' },
  '& [cmdk-empty]': { p: 2, color: 'text.secondary', fontSize: '0.875rem' },
} as const;

export function CommandList({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('shell');
  const navigate = useNavigate();
  const isAdmin = useIsAdmin();
  const [typed, setTyped] = useState('');
  const q = useDeferredValue(typed.trim());
  const tasks = useListTasksQuery({ limit: SHOWN, ...(q ? { q } : {}) });
  const agents = useListAgentsQuery({ limit: 100 });
  const chats = useListChatSessionsQuery({ limit: 20 });
  const schedules = useListSchedulesQuery({ limit: 20 });
  const go = (to: string) => {
    onClose();
    void navigate(to);
  };
  return (
    <Box component={Command} label={t('search')} loop sx={LOOK}>
      <Command.Input autoFocus value={typed} onValueChange={setTyped} placeholder={t('search')} />
      <Command.List label={t('search')}>
        <Command.Empty>{t('nothingFound')}</Command.Empty>
        <Command.Group heading={t('groups.actions')}>
          <Command.Item value="new task" onSelect={() => go('/tasks/new')}>{t('newTask')}</Command.Item>
        </Command.Group>
        <Command.Group heading={t('groups.places')}>
          {placesOf(isAdmin).map(({ name, to }) => (
            <Command.Item key={name} value={`page ${t(`pages.${name}`)}`} onSelect={() => go(to)}>{t(`pages.${name}`)}</Command.Item>
          ))}
        </Command.Group>
        <Command.Group heading={t('pages.tasks')}>
          {tasks.data?.items.map(({ id, title }) => (
            // The server has already searched the titles and goals of all tasks.
            <Command.Item key={id} value={`${q} task ${title} ${id}`} onSelect={() => go(`/tasks/${id}`)}>{title}</Command.Item>
          ))}
        </Command.Group>
        <Command.Group heading={t('pages.agents')}>
          {agents.data?.items.map(({ name, id }) => (
            <Command.Item key={id ?? name} value={`agent ${name}`} onSelect={() => go(`/agents/${encodeURIComponent(name)}`)}>{name}</Command.Item>
          ))}
        </Command.Group>
        <Command.Group heading={t('pages.chat')}>
          {chats.data?.items.map(({ id, title }) => (
            <Command.Item key={id} value={`chat ${title} ${id}`} onSelect={() => go(`/chat/${id}`)}>{title}</Command.Item>
          ))}
        </Command.Group>
        <Command.Group heading={t('pages.schedules')}>
          {schedules.data?.items.map(({ id, name }) => (
            <Command.Item key={id} value={`schedule ${name} ${id}`} onSelect={() => go(`/schedules/${id}`)}>{name}</Command.Item>
          ))}
        </Command.Group>
      </Command.List>
    </Box>
  );
}
