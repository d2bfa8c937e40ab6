import { Navigate, Outlet, useLocation } from 'react-router';
import { useMeQuery } from '../../api';
import { isAway, statusOf } from '../../api/problems';
import { useAppSelector } from '../hooks';
import { FirstScreen } from '../shell/FirstScreen';
import { ServerAway } from '../shell/ServerAway';

/** Shows pages to signed-in users, and sends all others to the sign-in page and back afterward. */
export function RequireSession() {
  const location = useLocation();
  const ended = useAppSelector((state) => state.session.ended);
  const { data, error, isLoading, refetch } = useMeQuery();
  if (isLoading) return <FirstScreen />;
  if (data === undefined && error !== undefined && isAway(error)) return <ServerAway onRetry={() => void refetch()} />;
  if (ended || data === undefined || statusOf(error) === 401) {
    const next = location.pathname + location.search + location.hash;
    return <Navigate to={next === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(next)}`} replace />;
  }
  return <Outlet />;
}
