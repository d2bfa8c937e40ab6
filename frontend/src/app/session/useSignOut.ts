import { useNavigate } from 'react-router';
import { api, useLogoutMutation } from '../../api';
import { useAppDispatch } from '../hooks';
import { session } from './state';

/** Return a function that ends the session and forgets everything that was loaded. */
export function useSignOut(): () => Promise<void> {
  const [logout] = useLogoutMutation();
  const dispatch = useAppDispatch();
  const navigate = useNavigate();
  return async () => {
    await logout();
    dispatch(session.actions.ended());
    dispatch(api.util.resetApiState());
    await navigate('/sign-in');
  };
}
