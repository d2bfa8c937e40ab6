import FileIcon from '@mui/icons-material/InsertDriveFileOutlined';
import ImageIcon from '@mui/icons-material/ImageOutlined';
import Chip from '@mui/material/Chip';
import CircularProgress from '@mui/material/CircularProgress';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
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
        <li key={file.id}>
          <Chip
            icon={file.media_type?.startsWith('image/') ? <ImageIcon /> : <FileIcon />}
            label={file.name ?? t('message.deletedFile')}
            variant="outlined"
            onDelete={() => onRemove(file.id)}
            slotProps={{ deleteIcon: { 'aria-label': t('composer.removeFile', { name: file.name }), role: 'button' } }}
            sx={{ maxWidth: 260 }}
          />
        </li>
      ))}
      {uploads.map(({ key, name, error }) => (
        <li key={key}>
          <Tooltip title={error ?? t('composer.uploading', { name })}>
            <Chip
              icon={error === null ? <CircularProgress size={14} aria-hidden /> : <FileIcon />}
              label={error === null ? name : `${name}: ${error}`}
              variant="outlined"
              color={error === null ? 'default' : 'error'}
              {...(error === null ? {} : { onDelete: () => onDrop(key) })}
              sx={{ maxWidth: 360 }}
            />
          </Tooltip>
        </li>
      ))}
    </Stack>
  );
}
