import FileIcon from '@mui/icons-material/InsertDriveFileOutlined';
import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import Chip from '@mui/material/Chip';
import Skeleton from '@mui/material/Skeleton';
import Stack from '@mui/material/Stack';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AttachmentView } from '../../../api';
import { download, objectUrl } from '../../../api/download';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { contentOf } from '../addresses';

const SHOWN = /^image\/(png|jpeg|gif|webp)$/;

/** The files of a message: images as pictures, others as names. Each is a download. */
export function Attachments({ files }: { files: readonly AttachmentView[] }) {
  const { t } = useTranslation('chat');
  const dispatch = useAppDispatch();
  if (files.length === 0) return null;
  const save = (file: AttachmentView) =>
    download(contentOf(file.id), file.name ?? file.id).catch((error: Error) => showToast(dispatch, error.message, 'error'));
  return (
    <Stack component="ul" direction="row" spacing={1} useFlexGap aria-label={t('message.attachments')} sx={{ flexWrap: 'wrap', listStyle: 'none', p: 0, m: 0, mb: 1, justifyContent: 'flex-end' }}>
      {files.map((file) => (
        <li key={file.id}>
          {file.name === null ? (
            <Chip icon={<FileIcon />} label={t('message.deletedFile')} variant="outlined" disabled />
          ) : SHOWN.test(file.media_type ?? '') ? (
            <Picture file={file} label={t('message.download', { name: file.name })} onClick={() => void save(file)} />
          ) : (
            <Chip icon={<FileIcon />} label={file.name} variant="outlined" aria-label={t('message.download', { name: file.name })} onClick={() => void save(file)} sx={{ maxWidth: 280 }} />
          )}
        </li>
      ))}
    </Stack>
  );
}

function Picture({ file, label, onClick }: { file: AttachmentView; label: string; onClick: () => void }) {
  const [url, setUrl] = useState<string | null>(null);
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    let made: string | null = null;
    let isOver = false;
    objectUrl(contentOf(file.id)).then(
      (address) => {
        if (isOver) URL.revokeObjectURL(address);
        else setUrl((made = address));
      },
      () => setFailed(true),
    );
    return () => {
      isOver = true;
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [file.id]);
  if (hasFailed) return <Chip icon={<FileIcon />} label={file.name} variant="outlined" onClick={onClick} />;
  return (
    <ButtonBase aria-label={label} onClick={onClick} sx={{ borderRadius: 1, overflow: 'hidden', border: 1, borderColor: 'divider', width: 160, height: 120, bgcolor: 'surface.sunken' }}>
      {url === null ? <Skeleton variant="rectangular" width={160} height={120} /> : <Box component="img" src={url} alt={file.name ?? ''} sx={{ width: '100%', height: '100%', objectFit: 'cover' }} />}
    </ButtonBase>
  );
}
