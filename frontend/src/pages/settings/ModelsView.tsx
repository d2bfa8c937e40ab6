import Alert from '@mui/material/Alert';
import Stack from '@mui/material/Stack';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import Button from '@mui/material/Button';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useListModelsQuery } from '../../api';
import { Choose } from '../../parts/Choose';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { Problem } from '../../parts/Problem';
import { ScrollTable } from '../../parts/ScrollTable';
import { useFilters } from '../../parts/useFilters';
import { useTyped } from '../../parts/useTyped';
import { MediaModels } from './MediaModels';
import { ModelRow } from './ModelRow';

const STEP = 50;

/** The catalog of models: what they can do, what they cost, and whether agents can use them. */
export function ModelsView() {
  const { t } = useTranslation('settings');
  const { get, set, any, clear } = useFilters();
  const { data, error, refetch, isLoading } = useListModelsQuery();
  const [text, setText] = useTyped(get('q'), (q) => set({ q }));
  const [most, setMost] = useState(STEP);
  if (data === undefined) return isLoading ? <Loading rows={8} /> : <Problem error={error} onRetry={() => void refetch()} />;
  const providers = [...new Set(data.models.map(({ provider }) => provider))].sort();
  const wanted = get('q').toLowerCase();
  const found = data.models.filter(
    (each) =>
      each.model.toLowerCase().includes(wanted) &&
      (get('provider') === '' || each.provider === get('provider')) &&
      (get('state') === '' || each.usable === (get('state') === 'usable')),
  );
  return (
    <Stack spacing={2}>
      <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: 'wrap' }}>
        <TextField type="search" label={t('search')} value={text} onChange={(event) => setText(event.target.value)} sx={{ width: 260 }} />
        <Choose label={t('provider')} value={get('provider')} onChange={(provider) => set({ provider })} options={[['', t('all')], ...providers.map((each) => [each, each] as const)]} />
        <Choose label={t('state')} value={get('state')} onChange={(state) => set({ state })} options={[['', t('all')], ['usable', t('usable')], ['unusable', t('unusable')]]} />
      </Stack>
      {Object.entries(data.unreachable).map(([name, reason]) => (
        <Alert key={name} severity="warning" variant="outlined">{t('unreachable', { name, reason })}</Alert>
      ))}
      {found.length === 0 ? (
        <EmptyState title={t('noModels')} hint={t('noModelsHint')} action={any && <Button variant="outlined" onClick={clear}>{t('clearFilters')}</Button>} />
      ) : (
        <>
          <Typography variant="body2" color="textSecondary" role="status">{t('models', { count: found.length })} · {t('pricesPer')}</Typography>
          <ScrollTable label={t('views.models')}>
            <TableHead>
              <TableRow>
                <TableCell>{t('model')}</TableCell>
                <TableCell>{t('state')}</TableCell>
                <TableCell align="right">{t('context')}</TableCell>
                <TableCell align="right">{t('input')}</TableCell>
                <TableCell align="right">{t('output')}</TableCell>
                <TableCell>{t('abilities')}</TableCell>
              </TableRow>
            </TableHead>
            <TableBody>{found.slice(0, most).map((each) => <ModelRow key={each.model} model={each} />)}</TableBody>
          </ScrollTable>
          {found.length > most && <MoreButton busy={false} onMore={() => setMost(most + STEP)} />}
        </>
      )}
      {data.media && data.media.length > 0 && <MediaModels models={data.media} />}
    </Stack>
  );
}
