import DownloadIcon from '@mui/icons-material/FileDownloadOutlined';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useListTaskFilesQuery, type FileView, type TaskView } from '../../../api';
import { contentOf, download } from '../../../api/download';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { bytes } from '../../../parts/bytes';
import { EmptyState } from '../../../parts/EmptyState';
import { Loading } from '../../../parts/Loading';
import { Problem } from '../../../parts/Problem';
import { Simulated } from '../../../parts/Simulated';
import { When } from '../../../parts/When';
import { FilePreview } from './FilePreview';

/** The files that a task's agents wrote. `quiet` shows nothing while there are none. */
export function TaskFiles({ task, quiet = false }: { task: TaskView; quiet?: boolean }) {
  const { t } = useTranslation('task');
  const { data, error, refetch } = useListTaskFilesQuery({ taskId: task.id, limit: 100 });
  if (data === undefined) return quiet ? null : error !== undefined ? <Problem error={error} onRetry={() => void refetch()} /> : <Loading rows={2} />;
  if (data.items.length === 0) return quiet ? null : <EmptyState title={t('files.empty')} hint={t('files.emptyHint')} />;
  return (
    <Box component="section" aria-label={t('files.list')}>
      {quiet && <Typography variant="h2" sx={{ mb: 1 }}>{t('result.files')}</Typography>}
      <Stack component="ul" sx={{ listStyle: 'none', m: 0, p: 0, border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.paper' }}>
        {data.items.map((file) => <FileRow key={file.id} file={file} />)}
      </Stack>
    </Box>
  );
}

function FileRow({ file }: { file: FileView }) {
  const { t } = useTranslation('task');
  const dispatch = useAppDispatch();
  const [open, setOpen] = useState(false);
  const save = () => download(contentOf(file.id), file.name).catch((error: Error) => showToast(dispatch, error.message, 'error'));
  return (
    <Box component="li" sx={{ px: 2, py: 1, '&:not(:last-of-type)': { borderBottom: 1, borderColor: 'divider' } }}>
      <Stack direction="row" spacing={1.5} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap' }}>
        <Box sx={{ flex: '1 1 200px', minWidth: 0 }}>
          <Typography variant="body2" sx={{ fontWeight: 600, overflowWrap: 'anywhere' }}>{file.name}</Typography>
          <Typography variant="caption" color="textSecondary">{bytes(file.size_bytes)} · {file.media_type} · <When at={file.created_at} /></Typography>
        </Box>
        {file.simulated && <Simulated />}
        <Button size="small" aria-expanded={open} aria-label={t(open ? 'files.hide' : 'files.show', { name: file.name })} onClick={() => setOpen(!open)}>{t(open ? 'files.close' : 'files.preview')}</Button>
        <Tooltip title={t('files.download', { name: file.name })}>
          <IconButton size="small" aria-label={t('files.download', { name: file.name })} onClick={() => void save()}><DownloadIcon fontSize="small" /></IconButton>
        </Tooltip>
      </Stack>
      {open && <FilePreview file={file} />}
    </Box>
  );
}
