import Autocomplete from '@mui/material/Autocomplete';
import Box from '@mui/material/Box';
import Chip from '@mui/material/Chip';
import MenuItem from '@mui/material/MenuItem';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { MONO } from '../../app/theme';
import { type Kind, KINDS, type Timing, UNITS, type Unit, WEEKDAYS, weekdayName, wrongField } from './timing';

type Props = { timing: Timing; errors: Record<string, string>; onChange: (changes: Partial<Timing>) => void };

const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

/** When a schedule is due: presets in words, or a cron expression. */
export function TimingFields({ timing, errors, onChange }: Props) {
  const { t } = useTranslation('schedules');
  const wrong = wrongField(timing);
  const error = (field: NonNullable<typeof wrong>, name: string) => errors[name] ?? (wrong === field ? t(`errors.${field}`) : undefined);
  const { kind } = timing;
  const time = (
    <TextField type="time" label={t('time')} value={timing.time} error={wrong === 'time'} helperText={error('time', 'cron') ?? ' '} sx={{ width: 140 }}
      onChange={(event) => onChange({ time: event.target.value })} slotProps={{ inputLabel: { shrink: true } }} />
  );
  return (
    <Stack spacing={2}>
      <Box>
        <Typography id="kind" variant="subtitle2" component="div" sx={{ mb: 1 }}>{t('when')}</Typography>
        <ToggleButtonGroup exclusive size="small" color="primary" value={kind} aria-labelledby="kind" sx={{ display: { xs: 'grid', sm: 'inline-flex' } }}
          onChange={(_, next: Kind | null) => next && onChange({ kind: next })}>
          {KINDS.map((each) => <ToggleButton key={each} value={each} sx={{ px: 1.5, textTransform: 'none' }}>{t(`kinds.${each}`)}</ToggleButton>)}
        </ToggleButtonGroup>
      </Box>
      {kind === 'weekly' && (
        <Box role="group" aria-label={t('weekdays')}>
          <Stack direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap' }}>
            {WEEKDAYS.map((day) => {
              const on = timing.weekdays.includes(day);
              return (
                <Chip key={day} label={weekdayName(day)} color={on ? 'primary' : 'default'} variant={on ? 'filled' : 'outlined'} aria-pressed={on} component="button" type="button" clickable
                  onClick={() => onChange({ weekdays: on ? timing.weekdays.filter((each) => each !== day) : [...timing.weekdays, day] })} />
              );
            })}
          </Stack>
          {wrong === 'weekdays' && <Typography variant="caption" color="error">{t('errors.weekdays')}</Typography>}
        </Box>
      )}
      <Stack direction="row" spacing={2} useFlexGap sx={{ flexWrap: 'wrap', alignItems: 'flex-start' }}>
        {kind === 'monthly' && (
          <TextField label={t('day')} value={timing.day} error={wrong === 'day'} helperText={error('day', 'day') ?? (Number(timing.day) > 28 ? t('dayHelp') : ' ')} sx={{ width: 200 }}
            onChange={(event) => onChange({ day: event.target.value.trim() })} slotProps={{ htmlInput: { inputMode: 'numeric' } }} />
        )}
        {(kind === 'daily' || kind === 'weekly' || kind === 'monthly') && time}
        {kind === 'interval' && (
          <>
            <TextField label={t('every')} value={timing.every} error={error('every', 'interval_s') !== undefined} helperText={error('every', 'interval_s') ?? t('everyHelp')} sx={{ width: 240 }}
              onChange={(event) => onChange({ every: event.target.value.trim() })} slotProps={{ htmlInput: { inputMode: 'numeric' } }} />
            <TextField select label={t('unit')} value={timing.unit} onChange={(event) => onChange({ unit: event.target.value as Unit })} sx={{ width: 140 }}>
              {(Object.keys(UNITS) as Unit[]).map((unit) => <MenuItem key={unit} value={unit}>{t(`units.${unit}`)}</MenuItem>)}
            </TextField>
          </>
        )}
        {kind === 'cron' && (
          <TextField label={t('cron')} value={timing.cron} error={error('cron', 'cron') !== undefined} helperText={error('cron', 'cron') ?? t('cronHelp')} sx={{ width: 360 }}
            onChange={(event) => onChange({ cron: event.target.value })} slotProps={{ htmlInput: { spellCheck: false }, input: { sx: { fontFamily: MONO } } }} />
        )}
        {kind !== 'interval' && (
          <Autocomplete options={ZONES} value={timing.zone} disableClearable onChange={(_, zone) => onChange({ zone })} sx={{ width: 260 }}
            renderInput={(params) => <TextField {...params} label={t('zone')} error={errors.time_zone !== undefined} helperText={errors.time_zone ?? ' '} />} />
        )}
      </Stack>
    </Stack>
  );
}
