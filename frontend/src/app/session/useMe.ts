import { useMeQuery } from '../../api';

/** Return the signed-in user. Only for pages behind the sign-in, where there is one. */
export function useMe() {
  const { data } = useMeQuery();
  if (data === undefined) throw new Error('This component is shown only to signed-in users.');
  return data;
}

export function useIsAdmin(): boolean {
  return useMeQuery().data?.role === 'admin';
}
