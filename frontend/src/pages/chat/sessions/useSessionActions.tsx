import MenuItem from '@mui/material/MenuItem';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { type ChatSessionView, useArchiveChatSessionMutation, useDeleteChatSessionMutation, useRestoreChatSessionMutation } from '../../../api';
import { download } from '../../../api/download';
import { problemOf } from '../../../api/problems';
import { useAppDispatch } from '../../../app/hooks';
import { showToast } from '../../../app/shell/toasts';
import { ConfirmDialog } from '../../../parts/ConfirmDialog';
import { exportOf } from '../addresses';

const Rename = lazy(() => import('../dialogs/Rename'));
const Settings = lazy(() => import('../dialogs/Settings'));
const Share = lazy(() => import('../dialogs/Share'));
const Summary = lazy(() => import('../dialogs/Summary'));
const StartTask = lazy(() => import('../dialogs/StartTask'));

const DIALOGS = { rename: Rename, settings: Settings, share: Share, summary: Summary, task: StartTask };
export type Name = keyof typeof DIALOGS | 'archive' | 'delete' | 'exportMarkdown' | 'exportJson' | 'exportAll';
type Options = { isSelected: boolean; names: readonly Name[]; onDone: () => void };

/** The entries of a chat's menu, and the dialog that one of them has opened. */
export function useSessionActions(session: ChatSessionView, { isSelected, names, onDone }: Options): { items: ReactNode; dialog: ReactNode } {
  const { t } = useTranslation('chat');
  const dispatch = useAppDispatch();
  const navigate = useNavigate();
  const [shown, setShown] = useState<keyof typeof DIALOGS | 'delete' | null>(null);
  const [archive] = useArchiveChatSessionMutation();
  const [restore] = useRestoreChatSessionMutation();
  const [remove, removal] = useDeleteChatSessionMutation();
  const title = session.title || t('sessions.untitled');
  const sessionId = session.id;
  const fail = (error: unknown) => showToast(dispatch, problemOf(error)?.detail ?? t('common:unknown'), 'error');

  const putAway = async (isBack: boolean) => {
    try {
      await (isBack ? restore({ sessionId }) : archive({ sessionId })).unwrap();
      showToast(dispatch, t(isBack ? 'actions.restoredToast' : 'actions.archivedToast', { title }), 'success', () => void (isBack ? archive({ sessionId }) : restore({ sessionId })).unwrap().catch(fail));
    } catch (error) {
      fail(error);
    }
  };
  const save = (format: 'markdown' | 'json', branches: 'active' | 'all') =>
    download(exportOf(sessionId, format, branches), `chat.${format === 'json' ? 'json' : 'md'}`).catch((error: Error) =>
      showToast(dispatch, t('actions.failedExport', { message: error.message }), 'error'),
    );
  const confirmed = async () => {
    try {
      await remove({ sessionId }).unwrap();
    } catch {
      return;
    }
    setShown(null);
    showToast(dispatch, t('actions.deletedToast', { title }));
    if (isSelected) await navigate('/chat');
  };

  const run = (name: Name) => {
    onDone();
    if (name === 'archive') void putAway(session.archived);
    else if (name === 'exportMarkdown') void save('markdown', 'active');
    else if (name === 'exportJson') void save('json', 'active');
    else if (name === 'exportAll') void save('json', 'all');
    else setShown(name);
  };
  const close = () => setShown(null);
  const Dialog = shown !== null && shown !== 'delete' ? DIALOGS[shown] : null;
  return {
    items: names.map((name) => (
      <MenuItem key={name} onClick={() => run(name)} sx={name === 'delete' ? { color: 'error.main' } : {}}>
        {t(`actions.${name === 'archive' && session.archived ? 'restore' : name}`)}
      </MenuItem>
    )),
    dialog: (
      <>
        {Dialog && <Suspense><Dialog session={session} onClose={close} /></Suspense>}
        <ConfirmDialog
          open={shown === 'delete'}
          title={t('dialogs.deleteTitle', { title })}
          text={t('dialogs.deleteText')}
          confirm={t('actions.delete')}
          busy={removal.isLoading}
          error={removal.error}
          onConfirm={() => void confirmed()}
          onClose={close}
        />
      </>
    ),
  };
}
