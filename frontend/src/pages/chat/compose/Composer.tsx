import AttachIcon from '@mui/icons-material/AttachFile';
import SendIcon from '@mui/icons-material/ArrowUpward';
import Box from '@mui/material/Box';
import IconButton from '@mui/material/IconButton';
import InputBase from '@mui/material/InputBase';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Files } from './Files';
import { type Draft, useDraft } from './useDraft';
import { useUploads } from './useUploads';

const MAX_TEXT = 100_000;
const MAX_FILES = 10;

type Props = {
  /** Names the draft: a session, a message that is edited, or a new chat. */
  place: string;
  placeholder: string;
  /** The text that the field begins with if there is no draft. */
  initial?: Draft;
  autoFocus?: boolean;
  /** Below the text, beside the paper clip. */
  controls?: ReactNode;
  /** Send it. Return whether it was accepted; if not, the text comes back. */
  onSend: (draft: Draft) => Promise<boolean>;
  onEscape?: () => void;
};

/** The field for a message: text, files by button, drop or paste. */
export function Composer({ place, placeholder, initial, autoFocus = true, controls, onSend, onEscape }: Props) {
  const { t } = useTranslation('chat');
  const { draft: typed, change, clear } = useDraft(place);
  const [isUntouched, setUntouched] = useState(typed.text === '' && typed.files.length === 0);
  const draft = isUntouched && initial ? initial : typed;
  const edit = (how: (before: Draft) => Draft) => {
    change((before) => how(isUntouched && initial ? initial : before));
    setUntouched(false);
  };
  const { uploads, upload, drop } = useUploads((file) => edit((before) => ({ ...before, files: [...before.files, file] })), t('common:unknown'));
  const [isOver, setOver] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);

  const isUploading = uploads.some(({ error }) => error === null);
  const count = draft.files.length + uploads.length;
  const problem =
    draft.text.length > MAX_TEXT ? t('composer.tooLong', { limit: MAX_TEXT.toLocaleString(), count: draft.text.length })
    : count > MAX_FILES ? t('composer.tooMany', { count: MAX_FILES })
    : isUploading ? t('composer.busyUpload')
    : null;
  const canSend = draft.text.trim() !== '' && problem === null;

  const attach = (files: Iterable<File>) => {
    for (const file of files) void upload(file);
  };
  const send = async () => {
    if (!canSend) return;
    clear();
    setUntouched(false);
    const isAccepted = await onSend(draft);
    if (!isAccepted) change((now) => (now.text === '' ? draft : now));
    field.current?.focus();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onEscape?.();
    // Enter also ends a composed character, and on a phone there is no Shift.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing || matchMedia('(pointer: coarse)').matches) return;
    event.preventDefault();
    void send();
  };
  const paste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    attach(event.clipboardData.files);
  };
  const dropFiles = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    attach(event.dataTransfer.files);
  };

  return (
    <Box
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={dropFiles}
      sx={{
        border: 1, borderColor: isOver ? 'primary.main' : 'divider', borderRadius: 2, bgcolor: 'background.paper', p: 1, position: 'relative',
        '&:focus-within': { borderColor: 'primary.main' },
      }}
    >
      {isOver && <Typography variant="caption" color="textSecondary" sx={{ px: 1 }}>{t('composer.drop')}</Typography>}
      <Files
        files={draft.files}
        uploads={uploads}
        onRemove={(id) => edit((before) => ({ ...before, files: before.files.filter((each) => each.id !== id) }))}
        onDrop={drop}
      />
      <InputBase
        multiline
        fullWidth
        maxRows={12}
        autoFocus={autoFocus}
        value={draft.text}
        placeholder={placeholder}
        inputRef={field}
        onChange={(event) => edit((before) => ({ ...before, text: event.target.value }))}
        onKeyDown={press}
        onPaste={paste}
        inputProps={{ 'aria-label': t('composer.label') }}
        sx={{ px: 1, py: 0.5, fontSize: '0.9375rem', lineHeight: 1.55, '& textarea:focus-visible': { outline: 'none' } }}
      />
      <Stack direction="row" spacing={0.5} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap', pt: 1 }}>
        <Tooltip title={t('composer.attach')}>
          <IconButton size="small" aria-label={t('composer.attach')} onClick={() => picker.current?.click()}>
            <AttachIcon fontSize="small" />
          </IconButton>
        </Tooltip>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label={t('composer.attach')}
          onChange={(event) => {
            attach(event.target.files ?? []);
            event.target.value = '';
          }}
        />
        {controls}
        <Box sx={{ flexGrow: 1 }} />
        {problem && <Typography variant="caption" color={isUploading ? 'textSecondary' : 'error'} role="status">{problem}</Typography>}
        <Tooltip title={t('composer.hint')}>
          <span>
            <IconButton
              aria-label={t('composer.send')}
              disabled={!canSend}
              onClick={() => void send()}
              sx={{ bgcolor: 'primary.main', color: 'primary.contrastText', width: 36, height: 36, '&:hover': { bgcolor: 'primary.dark' }, '&.Mui-disabled': { bgcolor: 'action.disabledBackground' } }}
            >
              <SendIcon fontSize="small" />
            </IconButton>
          </span>
        </Tooltip>
      </Stack>
    </Box>
  );
}
