import UploadIcon from '@mui/icons-material/UploadFileOutlined';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import LinearProgress from '@mui/material/LinearProgress';
import Link from '@mui/material/Link';
import List from '@mui/material/List';
import ListItem from '@mui/material/ListItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { type DragEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router';
import { api, type FileView, type ListFilesApiArg, useListFilesQuery } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { bytes } from '../../parts/bytes';
import { Choose } from '../../parts/Choose';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { MoreButton } from '../../parts/MoreButton';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import { Simulated } from '../../parts/Simulated';
import { useFilters } from '../../parts/useFilters';
import { usePages } from '../../parts/usePages';
import { useTyped } from '../../parts/useTyped';
import { When } from '../../parts/When';
import { Storage } from './Storage';
import { useUploads } from './useUploads';

/** All files, with a search, and where new ones are dropped. */
export function FileList() {
  const { t } = useTranslation('files');
  const dispatch = useAppDispatch();
  const { get, set, any, clear } = useFilters();
  const [typed, setTyped] = useTyped(get('q'), (q) => set({ q }));
  const whose = (['mine', 'shared'] as const).find((each) => each === get('shared')) ?? 'all';
  const asked: ListFilesApiArg = { limit: 50, shared: whose, ...(get('q') ? { q: get('q') } : {}) };
  const { data, error, refetch } = useListFilesQuery(asked);
  const pages = usePages(JSON.stringify(asked), data, (cursor) => dispatch(api.endpoints.listFiles.initiate({ ...asked, cursor })).unwrap());
  const { uploads, add, dismiss } = useUploads();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const drag = (event: DragEvent, isOver: boolean) => {
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    setOver(isOver);
  };
  const drop = (event: DragEvent) => {
    drag(event, false);
    void add([...event.dataTransfer.files]);
  };
  const upload = <Button variant="contained" startIcon={<UploadIcon />} onClick={() => input.current?.click()}>{t('upload')}</Button>;
  return (
    <Box onDragOver={(event) => drag(event, true)} onDragLeave={(event) => drag(event, false)} onDrop={drop} sx={{ minHeight: '60vh', maxWidth: 1200, outline: over ? '2px dashed' : 'none', outlineColor: 'primary.main', outlineOffset: 8, borderRadius: 1 }}>
      <PageHeader title={t('title')} about={t('about')} actions={upload} />
      <input
        ref={input} type="file" multiple hidden aria-label={t('upload')}
        onChange={(event) => {
          void add([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ flexWrap: 'wrap', alignItems: 'center', mb: 2 }}>
        <TextField label={t('search')} type="search" value={typed} onChange={(event) => setTyped(event.target.value)} sx={{ width: { xs: '100%', sm: 280 } }} />
        <Choose label={t('whose')} value={whose} options={[['all', t('all')], ['mine', t('mine')], ['shared', t('shared')]]} onChange={(shared) => set({ shared: shared === 'all' ? '' : shared })} />
        <Storage />
      </Stack>
      <Box aria-live="polite">
        {uploads.map((each) =>
          each.failed ? (
            <Alert key={each.key} severity="error" variant="outlined" onClose={() => dismiss(each.key)} closeText={t('dismiss')} sx={{ mb: 1, overflowWrap: 'anywhere' }}>{t('failed', { name: each.name, reason: each.failed })}</Alert>
          ) : (
            <Box key={each.key} sx={{ mb: 1 }}>
              <Typography variant="caption">{t('uploading', { name: each.name })}</Typography>
              <LinearProgress variant="determinate" value={each.share * 100} aria-label={t('uploading', { name: each.name })} />
            </Box>
          ),
        )}
      </Box>
      {data === undefined && (error === undefined ? <Loading rows={5} /> : <Problem error={error} onRetry={() => void refetch()} />)}
      {data && pages.items.length === 0 && (any ? <EmptyState title={t('noMatch')} hint={t('noMatchHint')} action={<Button onClick={clear}>{t('clear')}</Button>} /> : <EmptyState title={t('empty')} hint={`${t('emptyHint')} ${t('drop')}`} action={upload} />)}
      {pages.items.length > 0 && (
        <List aria-label={t('list')} disablePadding sx={{ border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.paper' }}>
          {pages.items.map((file) => <Row key={file.id} file={file} />)}
        </List>
      )}
      {pages.hasMore && <MoreButton busy={pages.busy} onMore={() => void pages.load()} />}
      {pages.error !== undefined && <Problem error={pages.error} compact />}
    </Box>
  );
}

function Row({ file }: { file: FileView }) {
  return (
    <ListItem divider sx={{ display: 'grid', gridTemplateColumns: { xs: 'minmax(0, 1fr) auto', sm: 'minmax(0, 1fr) 180px 90px 110px' }, columnGap: 2 }}>
      <Stack direction="row" spacing={1} sx={{ alignItems: 'center', minWidth: 0 }}>
        <Link component={RouterLink} to={`/files/${file.id}`} color="textPrimary" noWrap sx={{ fontWeight: 600 }}>{file.name}</Link>
        {file.simulated && <Simulated />}
      </Stack>
      <Typography variant="caption" color="textSecondary" noWrap sx={{ display: { xs: 'none', sm: 'block' } }}>{file.media_type}</Typography>
      <Typography variant="caption" color="textSecondary" sx={{ textAlign: 'right' }}>{bytes(file.size_bytes)}</Typography>
      <Typography variant="caption" color="textSecondary" sx={{ textAlign: 'right', display: { xs: 'none', sm: 'block' } }}><When at={file.created_at} /></Typography>
    </ListItem>
  );
}
