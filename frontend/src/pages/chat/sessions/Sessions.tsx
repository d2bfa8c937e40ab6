import AddIcon from '@mui/icons-material/Add';
import ClearIcon from '@mui/icons-material/Close';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import InputAdornment from '@mui/material/InputAdornment';
import MenuItem from '@mui/material/MenuItem';
import Select from '@mui/material/Select';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useFilters } from '../../../parts/useFilters';
import { useTyped } from '../../../parts/useTyped';
import { Found } from './Found';
import { List } from './List';
import { SCOPES, type Scope } from './scopes';

type Props = { selected: string | null; onChoose?: () => void };

/** The list of chats, with a search over titles and messages. The search and the filter are in the address. */
export function Sessions({ selected, onChoose }: Props) {
  const { t } = useTranslation('chat');
  const { get, set } = useFilters();
  const [text, setText] = useTyped(get('q'), (q) => set({ q: q.trim() }));
  const scope = (SCOPES as readonly string[]).includes(get('chats')) ? (get('chats') as Scope) : 'mine';
  return (
    <Box component="nav" aria-label={t('sessions.label')} sx={{ display: 'flex', flexDirection: 'column', minHeight: 0, width: '100%', height: '100%' }}>
      <Stack spacing={1} sx={{ p: 1.5 }}>
        <Button component={Link} to="/chat" variant="outlined" startIcon={<AddIcon />} onClick={() => onChoose?.()}>
          {t('sessions.new')}
        </Button>
        <TextField
          value={text}
          onChange={(event) => setText(event.target.value)}
          placeholder={t('sessions.search')}
          slotProps={{
            htmlInput: { 'aria-label': t('sessions.search'), maxLength: 200 },
            input: {
              endAdornment: text !== '' && (
                <InputAdornment position="end">
                  <IconButton size="small" edge="end" aria-label={t('sessions.clearSearch')} onClick={() => setText('')}>
                    <ClearIcon fontSize="small" />
                  </IconButton>
                </InputAdornment>
              ),
            },
          }}
        />
        <Select
          variant="standard"
          disableUnderline
          value={scope}
          onChange={(event) => set({ chats: event.target.value === 'mine' ? '' : event.target.value })}
          SelectDisplayProps={{ 'aria-label': t('sessions.scope') }}
          sx={{ fontSize: '0.8125rem', fontWeight: 600, color: 'text.secondary', px: 0.5, alignSelf: 'flex-start' }}
        >
          {SCOPES.map((each) => (
            <MenuItem key={each} value={each}>
              {t(`sessions.${each}`)}
            </MenuItem>
          ))}
        </Select>
      </Stack>
      <Box sx={{ flexGrow: 1, overflowY: 'auto', px: 1, pb: 2, minHeight: 0 }}>
        {get('q') !== '' && <Found q={get('q')} onChoose={onChoose} />}
        <List scope={scope} q={get('q')} selected={selected} onChoose={onChoose} />
      </Box>
    </Box>
  );
}
