import Tab from '@mui/material/Tab';
import Tabs from '@mui/material/Tabs';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';
import { addWords } from '../../app/words';
import { PageHeader } from '../../parts/PageHeader';
import { useFilters } from '../../parts/useFilters';
import texts from '../../words/inbox';
import { Decided } from './Decided';
import { Notifications } from './Notifications';
import { Waiting } from './Waiting';

addWords('inbox', texts);

const TABS = ['waiting', 'decided', 'notifications'] as const;

/** What waits for the user, what was decided, and what happened. */
export default function Inbox() {
  const { t } = useTranslation('inbox');
  const { get } = useFilters();
  const { item } = useParams();
  const navigate = useNavigate();
  const tab = TABS.find((each) => each === get('tab')) ?? 'waiting';
  return (
    <>
      <PageHeader title={t('title')} {...(tab === 'waiting' ? { about: t('keys') } : {})} />
      <Tabs value={tab} aria-label={t('tabs.label')} variant="scrollable" onChange={(_, next: string) => void navigate(next === 'waiting' ? '/inbox' : `/inbox?tab=${next}`)} sx={{ mb: 2, borderBottom: 1, borderColor: 'divider' }}>
        {TABS.map((each) => <Tab key={each} value={each} label={t(`tabs.${each}`)} />)}
      </Tabs>
      {tab === 'waiting' && <Waiting item={item} />}
      {tab === 'decided' && <Decided item={item} />}
      {tab === 'notifications' && <Notifications />}
    </>
  );
}
