import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import Snackbar from '@mui/material/Snackbar';
import { useTranslation } from 'react-i18next';
import { useAppDispatch } from '../hooks';
import { forgetToast, type Toast as Shown, toasts, undoToast } from './toasts';

const SHOWN_MS = 8000;

/** The oldest message. */
export default function Toast({ first }: { first: Shown }) {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const hide = () => {
    dispatch(toasts.actions.hidden(first.id));
    forgetToast(first.id);
  };
  const undo = () => {
    undoToast(first.id);
    hide();
  };
  return (
    <Snackbar
      key={first.id}
      open
      // Errors stay until they are closed.
      autoHideDuration={first.severity === 'error' ? null : SHOWN_MS}
      onClose={(_, reason) => reason !== 'clickaway' && hide()}
      anchorOrigin={{ vertical: 'bottom', horizontal: 'right' }}
    >
      <Alert
        severity={first.severity}
        variant="outlined"
        onClose={hide}
        closeText={t('close')}
        sx={{ bgcolor: 'background.paper', alignItems: 'center' }}
        action={
          first.undo ? (
            <Button size="small" onClick={undo}>
              {t('undo')}
            </Button>
          ) : undefined
        }
      >
        {first.text}
      </Alert>
    </Snackbar>
  );
}
