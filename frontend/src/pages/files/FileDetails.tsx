import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Link from '@mui/material/Link';
import Typography from '@mui/material/Typography';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, useNavigate } from 'react-router';
import { useDeleteFileMutation, useGetFileQuery } from '../../api';
import { contentOf, download } from '../../api/download';
import { statusOf } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { bytes } from '../../parts/bytes';
import { ConfirmDialog } from '../../parts/ConfirmDialog';
import { EmptyState } from '../../parts/EmptyState';
import { Loading } from '../../parts/Loading';
import { PageHeader } from '../../parts/PageHeader';
import { Problem } from '../../parts/Problem';
import { ShareDialog } from '../../parts/ShareDialog';
import { Simulated } from '../../parts/Simulated';
import { At } from '../../parts/When';
import { FilePreview } from '../task/files/FilePreview';

/** One file: what it is, what it contains, and what can be done with it. */
export function FileDetails({ id }: { id: string }) {
  const { t } = useTranslation('files');
  const dispatch = useAppDispatch();
  const navigate = useNavigate();
  const [open, setOpen] = useState<'share' | 'delete' | null>(null);
  const { data: file, error, refetch } = useGetFileQuery({ fileId: id });
  const [remove, { isLoading, error: failed }] = useDeleteFileMutation();
  const back = <Button component={RouterLink} to="/files" variant="outlined">{t('back')}</Button>;
  if (statusOf(error) === 404 || statusOf(error) === 422) return <EmptyState level="h1" title={t('gone')} hint={t('goneHint')} action={back} />;
  if (error !== undefined) return <Problem error={error} onRetry={() => void refetch()} />;
  if (file === undefined) return <Loading rows={3} />;
  const { name } = file;
  const close = () => setOpen(null);
  const save = () => download(contentOf(id), name).catch((failure: Error) => showToast(dispatch, failure.message, 'error'));
  const erase = async () => {
    const result = await remove({ fileId: id });
    if (result.error) return;
    showToast(dispatch, t('deleted', { name }));
    await navigate('/files');
  };
  const actions = (
    <>
      <Button variant="contained" onClick={() => void save()}>{t('download')}</Button>
      <Button variant="outlined" onClick={() => setOpen('share')}>{t('share')}</Button>
      <Button color="error" onClick={() => setOpen('delete')}>{t('delete')}</Button>
    </>
  );
  return (
    <Box sx={{ maxWidth: 1200 }}>
      <PageHeader title={name} actions={actions} above={<Link component={RouterLink} to="/files" variant="body2">{t('title')}</Link>} {...(file.simulated ? { about: <Simulated /> } : {})} />
      <Box component="dl" sx={{ display: 'grid', gridTemplateColumns: 'max-content minmax(0, 1fr)', columnGap: 2, rowGap: 0.5, m: 0, mb: 3 }}>
        <Fact name={t('type')}>{file.media_type}</Fact>
        <Fact name={t('size')}>{bytes(file.size_bytes)}</Fact>
        <Fact name={t('created')}><At at={file.created_at} /></Fact>
        {file.task_id && <Fact name={t('task')}><Link component={RouterLink} to={`/tasks/${file.task_id}`} underline="always">{t('openTask')}</Link></Fact>}
        <Fact name={t('sha256')}><code>{file.sha256}</code></Fact>
      </Box>
      <Typography variant="h2">{t('preview')}</Typography>
      <FilePreview file={file} />
      {open === 'share' && <ShareDialog kind="file" id={id} name={name} onClose={close} />}
      <ConfirmDialog open={open === 'delete'} title={t('deleteTitle', { name })} text={t('deleteAbout')} confirm={t('delete')} busy={isLoading} error={failed} onConfirm={() => void erase()} onClose={close} />
    </Box>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <Typography component="dt" variant="body2" color="textSecondary">{name}</Typography>
      <Typography component="dd" variant="body2" sx={{ m: 0, overflowWrap: 'anywhere' }}>{children}</Typography>
    </>
  );
}
