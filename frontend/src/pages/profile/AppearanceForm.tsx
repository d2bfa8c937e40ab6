import Autocomplete from '@mui/material/Autocomplete';
import TextField from '@mui/material/TextField';
import { useColorScheme } from '@mui/material/styles';
import { useTranslation } from 'react-i18next';
import { type Preferences, useChangeMeMutation } from '../../api';
import { useMe } from '../../app/session/useMe';
import { Choose } from '../../parts/Choose';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';

const THEMES = ['system', 'light', 'dark'] as const;
const BROWSER = '';

/** Theme and time zone; each choice is stored at once. */
export function AppearanceForm() {
  const { t } = useTranslation('profile');
  const me = useMe();
  const { setMode } = useColorScheme();
  const [change, { error }] = useChangeMeMutation();
  const preferences = me.preferences ?? {};
  const store = (changes: Preferences) => void change({ meChange: { preferences: { ...preferences, ...changes } } });
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [BROWSER, ...Intl.supportedValuesOf('timeZone'), 'UTC'];
  return (
    <Panel title={t('appearance')} about={t('zoneHint')}>
      <Choose
        label={t('theme')}
        value={preferences.theme ?? 'system'}
        onChange={(value) => {
          const theme = THEMES.find((each) => each === value) ?? 'system';
          setMode(theme);
          store({ theme });
        }}
        options={THEMES.map((each) => [each, t(`themes.${each}`)] as const)}
      />
      <Autocomplete
        options={zones}
        value={preferences.time_zone ?? BROWSER}
        onChange={(_, zone) => store({ time_zone: zone === BROWSER ? null : zone })}
        getOptionLabel={(zone) => (zone === BROWSER ? t('zoneBrowser', { zone: own }) : zone)}
        disableClearable
        renderInput={(params) => <TextField {...params} label={t('zone')} />}
      />
      {error !== undefined && <Problem error={error} compact />}
    </Panel>
  );
}
