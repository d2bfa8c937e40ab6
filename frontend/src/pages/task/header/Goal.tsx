import Button from '@mui/material/Button';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

const LONG = 180;

/** What the task is to achieve, in full on demand. */
export function Goal({ text }: { text: string }) {
  const { t } = useTranslation('task');
  const [all, setAll] = useState(false);
  const long = text.length > LONG || text.includes('\n');
  return (
    <>
      <Typography
        variant="body2" color="textSecondary" component="p" aria-label={t('goal')}
        sx={{ m: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', ...(long && !all ? { display: '-webkit-box', WebkitLineClamp: 2, WebkitBoxOrient: 'vertical', overflow: 'hidden' } : {}), ...(all ? { maxHeight: 320, overflow: 'auto' } : {}) }}
        tabIndex={all ? 0 : undefined} role={all ? 'region' : undefined}
      >
        {text}
      </Typography>
      {long && <Button size="small" onClick={() => setAll(!all)} aria-expanded={all} sx={{ px: 0, minWidth: 0, minHeight: 24 }}>{t(all ? 'showLess' : 'showAll')}</Button>}
    </>
  );
}
