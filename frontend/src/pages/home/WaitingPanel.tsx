import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { addWords } from '../../app/words';
import { When } from '../../parts/When';
import inboxTexts from '../../words/inbox';
import { titleOf } from '../inbox/titles';
import { useItems } from '../inbox/useItems';
import { Panel, Rows } from './Panel';

addWords('inbox', inboxTexts);

const SHOWN = 5;

/** Decisions and budgets that wait for the user, oldest first. */
export function WaitingPanel() {
  const { t } = useTranslation('home');
  const { t: inbox } = useTranslation('inbox');
  const { items } = useItems();
  return (
    <Panel title={items.length > 0 ? `${t('waiting')} (${items.length})` : t('waiting')} to="/inbox" empty={items.length === 0 && t('noWaiting')}>
      <Rows>
        {items.slice(0, SHOWN).map((item) => (
          <Stack key={item.id} component="li" direction="row" spacing={1.5} sx={{ alignItems: 'center' }}>
            <Stack sx={{ flexGrow: 1, minWidth: 0 }}>
              <Typography variant="body2" noWrap sx={{ fontWeight: 600 }}>{titleOf(item, inbox)}</Typography>
              <Typography variant="caption" color="textSecondary" noWrap>{'task' in item ? item.task.title : item.approval.task_title} · <When at={item.at} /></Typography>
            </Stack>
            <Button component={Link} to={`/inbox/${item.id}`} size="small" variant="outlined" aria-label={`${t('decide')}: ${titleOf(item, inbox)}`}>{t('decide')}</Button>
          </Stack>
        ))}
      </Rows>
    </Panel>
  );
}
