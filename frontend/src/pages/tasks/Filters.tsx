import Chip from '@mui/material/Chip';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useTranslation } from 'react-i18next';
import { Choose } from '../../parts/Choose';
import { useTyped } from '../../parts/useTyped';
import { STATES, statesOf, WAITS } from './filter';

type Props = { get: (name: string) => string; set: (changes: Record<string, string>) => void; clear: () => void; any: boolean };

/** Search, states, owner and order of the list; all of it stands in the address. */
export function Filters({ get, set, clear, any }: Props) {
  const { t } = useTranslation(['tasks', 'common']);
  const [typed, setTyped] = useTyped(get('q'), (q) => set({ q }));
  const [agent, setAgent] = useTyped(get('agent'), (name) => set({ agent: name }));
  const states = statesOf(get('status'));
  return (
    <Stack spacing={1.5} role="search" aria-label={t('filters')}>
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <TextField type="search" label={t('search')} value={typed} onChange={(event) => setTyped(event.target.value)} sx={{ flex: '1 1 240px', maxWidth: 480 }} />
        <TextField label={t('agent')} value={agent} onChange={(event) => setAgent(event.target.value.trim())} sx={{ width: 150 }} />
        <Choose label={t('waitsFor')} width={150} value={get('waits')} onChange={(waits) => set({ waits })} options={[['', t('anything')], ...WAITS.map((each) => [each, t(`waits.${each}`)] as const)]} />
        <Choose label={t('whose')} width={165} value={get('whose')} onChange={(whose) => set({ whose })} options={[['', t('mine')], ['shared', t('shared')], ['all', t('all')]]} />
        <Choose label={t('sort')} width={150} value={get('sort')} onChange={(sort) => set({ sort })} options={[['', t('newest')], ['created_at', t('oldest')]]} />
      </Stack>
      <Stack direction="row" spacing={1} useFlexGap role="group" aria-label={t('states')} sx={{ flexWrap: 'wrap', alignItems: 'center' }}>
        {STATES.map((state) => {
          const on = states.includes(state);
          return (
            <Chip
              key={state} component="button" label={t(`common:status.${state}`)} size="small" aria-pressed={on} variant={on ? 'filled' : 'outlined'} color={on ? 'primary' : 'default'}
              onClick={() => set({ status: (on ? states.filter((each) => each !== state) : [...states, state]).join(',') })} sx={{ height: 28 }}
            />
          );
        })}
        {get('schedule') && <Chip size="small" label={t('schedule')} onDelete={() => set({ schedule: '' })} sx={{ height: 28 }} />}
        {any && <Chip component="button" size="small" variant="outlined" label={t('clear')} onClick={clear} sx={{ height: 28, border: 0, textDecoration: 'underline' }} />}
      </Stack>
    </Stack>
  );
}
