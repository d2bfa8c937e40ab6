import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import DeleteIcon from '@mui/icons-material/DeleteOutlined';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCreateMcpServerMutation } from '../../api';
import { fieldErrors } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { FormDialog } from '../../parts/FormDialog';

type Header = { name: string; value: string };

/** Adds an MCP server at an address. Its headers are written once and never shown again. */
export function NewMcpServer({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('settings');
  const dispatch = useAppDispatch();
  const [create, { error, isLoading }] = useCreateMcpServerMutation();
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [headers, setHeaders] = useState<readonly Header[]>([]);
  const errors = fieldErrors(error);
  const change = (index: number, part: Partial<Header>) => setHeaders(headers.map((each, at) => (at === index ? { ...each, ...part } : each)));
  const submit = async () => {
    const sent = Object.fromEntries(headers.filter((each) => each.name.trim() !== '').map((each) => [each.name.trim(), each.value]));
    const { data } = await create({ mcpServerSpec: { name, url, headers: sent } });
    if (data === undefined) return;
    showToast(dispatch, data.error ?? t('serverAdded', { count: data.tools }), data.error ? 'error' : 'success');
    onClose();
  };
  return (
    <FormDialog title={t('addServer')} about={t('addServerAbout')} submit={t('add')} ready={name !== '' && url !== ''} busy={isLoading} error={errors.name ?? errors.url ? undefined : error} onSubmit={() => void submit()} onClose={onClose}>
      <TextField label={t('serverName')} value={name} onChange={(event) => setName(event.target.value)} autoFocus required error={errors.name !== undefined} helperText={errors.name ?? t('serverNameHint', { name: name || 'github' })} />
      <TextField label={t('serverUrl')} type="url" value={url} onChange={(event) => setUrl(event.target.value)} required error={errors.url !== undefined} helperText={errors.url ?? t('serverUrlHint')} />
      {headers.map((header, index) => (
        <Stack key={index} direction="row" spacing={1} sx={{ alignItems: 'center' }}>
          <TextField label={t('headerName')} value={header.name} onChange={(event) => change(index, { name: event.target.value })} />
          <TextField label={t('headerValue')} type="password" autoComplete="off" value={header.value} onChange={(event) => change(index, { value: event.target.value })} sx={{ flexGrow: 1 }} />
          <IconButton aria-label={t('removeHeader', { number: index + 1 })} onClick={() => setHeaders(headers.filter((_, at) => at !== index))}><DeleteIcon /></IconButton>
        </Stack>
      ))}
      <div>
        <Button onClick={() => setHeaders([...headers, { name: headers.length === 0 ? 'Authorization' : '', value: '' }])}>{t('addHeader')}</Button>
      </div>
    </FormDialog>
  );
}
