import Alert from '@mui/material/Alert';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import type { ApprovalView } from '../../api';
import { CodeBlock } from '../CodeBlock';
import { hides, visibleJson } from './visible';

/** The complete arguments of a call, with every character visible; long ones scroll. */
export function CallArguments({ approval }: { approval: ApprovalView }) {
  const { t } = useTranslation('approvals');
  const { arguments: given, changed_arguments: changed } = approval;
  const none = Object.keys(given).length === 0;
  return (
    <>
      {(hides(given) || hides(changed ?? {})) && <Alert severity="warning" variant="outlined" sx={{ my: 1 }}>{t('hidden')}</Alert>}
      <Typography variant="subtitle2" component="h3">{t('arguments')}</Typography>
      {none ? <Typography variant="body2" color="textSecondary">{t('noArguments')}</Typography> : <CodeBlock text={visibleJson(given)} label={t('arguments')} maxHeight={360} />}
      {changed && (
        <>
          <Typography variant="subtitle2" component="h3">{t('changed')}</Typography>
          <CodeBlock text={visibleJson(changed)} label={t('changed')} maxHeight={360} />
        </>
      )}
    </>
  );
}
