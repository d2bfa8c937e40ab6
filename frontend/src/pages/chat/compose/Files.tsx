import CloseIcon from '@mui/icons-material/Close';
import FileIcon from '@mui/icons-material/InsertDriveFileOutlined';
import ImageIcon from '@mui/icons-material/ImageOutlined';
import CircularProgress from '@mui/material/CircularProgress';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { AttachmentView } from '../../../api';
import type { Upload } from './useUploads';

type Props = {
  files: readonly AttachmentView[];
  uploads: readonly Upload[];
  onRemove: (id: string) => void;
  onDrop: (key: number) => void;
};

/** The files that will be sent with the message, and those that are being uploaded. */
export function Files({ files, uploads, onRemove, onDrop }: Props) {
  const { t } = useTranslation('chat');
  if (files.length + uploads.length === 0) return null;
  return (
    <Stack component="ul" direction="row" spacing={1} useFlexGap aria-label={t('message.attachments')} sx={{ flexWrap: 'wrap', listStyle: 'none', p: 1, m: 0 }}>
      {files.map((file) => (
        <Item
          key={file.id}
          icon={file.media_type?.startsWith('image/') ? <ImageIcon fontSize="small" /> : <FileIcon fontSize="small" />}
          name={file.name ?? t('message.deletedFile')}
          onRemove={() => onRemove(file.id)}
        />
      ))}
      {uploads.map(({ key, name, error }) => (
        <Item
          key={key}
          icon={error === null ? <CircularProgress size={16} aria-label={t('composer.uploading', { name })} /> : <FileIcon fontSize="small" />}
          name={name}
          error={error}
          {...(error === null ? {} : { onRemove: () => onDrop(key) })}
        />
      ))}
    </Stack>
  );
}

type ItemProps = { icon: ReactNode; name: string; error?: string | null; onRemove?: () => void };

function Item({ icon, name, error = null, onRemove }: ItemProps) {
  const { t } = useTranslation('chat');
  return (
    <Stack
      component="li"
      direction="row"
      spacing={0.5}
      sx={{ alignItems: 'center', border: 1, borderColor: error === null ? 'divider' : 'error.main', borderRadius: 4, pl: 1, pr: onRemove ? 0.5 : 1, minHeight: 32, maxWidth: '100%' }}
    >
      {icon}
      <Typography variant="caption" noWrap={error === null} sx={{ maxWidth: error === null ? 220 : 'none', overflowWrap: 'anywhere' }} {...(error === null ? {} : { color: 'error', role: 'alert' })}>
        {error === null ? name : `${name}: ${error}`}
      </Typography>
      {onRemove && (
        <IconButton size="small" aria-label={t('composer.removeFile', { name })} onClick={onRemove} sx={{ p: 0.25 }}>
          <CloseIcon fontSize="inherit" />
        </IconButton>
      )}
    </Stack>
  );
}
