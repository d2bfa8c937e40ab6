import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { isAway, problemOf } from '../api/problems';

type Props = { error: unknown; onRetry?: () => void; compact?: boolean };

/** Explains a failed request in the API's own words, with its remedy. */
export function Problem({ error, onRetry, compact = false }: Props) {
  const { t } = useTranslation();
  const problem = problemOf(error);
  const away = problem === undefined && isAway(error);
  return (
    <Alert
      severity="error"
      variant="outlined"
      sx={{ alignItems: 'center', my: compact ? 1 : 2, overflowWrap: 'anywhere' }}
      action={onRetry && <Button size="small" color="inherit" onClick={onRetry}>{t('retry')}</Button>}
    >
      {problem ? problem.detail : away ? `${t('away')} ${t('awayRemedy')}` : `${t('unknown')} ${t('unknownRemedy')}`}
      {problem && problem.status >= 500 && (
        <Typography variant="caption" component="div">
          {t('request', { id: problem.instance })}
        </Typography>
      )}
    </Alert>
  );
}
