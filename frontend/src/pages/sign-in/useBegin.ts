import { useNavigate } from 'react-router';
import { api } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { session } from '../../app/session/state';

/** Return a function that forgets what earlier visitors loaded and opens a page for the new session. */
export function useBegin(): (to: string) => Promise<void> {
  const dispatch = useAppDispatch();
  const navigate = useNavigate();
  return async (to) => {
    dispatch(session.actions.began());
    dispatch(api.util.resetApiState());
    await navigate(to, { replace: true });
  };
}
