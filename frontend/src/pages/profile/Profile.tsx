import Tab from '@mui/material/Tab';
import Tabs from '@mui/material/Tabs';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { addWords } from '../../app/words';
import { PageHeader } from '../../parts/PageHeader';
import texts from '../../words/profile';
import { AccountView } from './AccountView';
import { DataView } from './DataView';
import { KeysView } from './KeysView';
import { SessionsView } from './SessionsView';

addWords('profile', texts);

const VIEWS = { account: AccountView, sessions: SessionsView, keys: KeysView, data: DataView } as const;
type View = keyof typeof VIEWS;

/** The user's own account: name, password, sessions, keys and data. */
export default function Profile() {
  const { t } = useTranslation('profile');
  const params = useParams();
  const view: View = params.view !== undefined && params.view in VIEWS ? (params.view as View) : 'account';
  const Shown = VIEWS[view];
  return (
    <>
      <PageHeader title={t('title')} />
      <Tabs value={view} aria-label={t('title')} variant="scrollable" allowScrollButtonsMobile sx={{ mb: 3, borderBottom: 1, borderColor: 'divider' }}>
        {(Object.keys(VIEWS) as View[]).map((each) => (
          <Tab key={each} value={each} label={t(`views.${each}`)} component={Link} to={each === 'account' ? '/profile' : `/profile/${each}`} />
        ))}
      </Tabs>
      <Shown />
    </>
  );
}
