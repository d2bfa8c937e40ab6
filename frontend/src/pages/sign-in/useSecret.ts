import { useEffect, useState } from 'react';

/** Return a one-time token from the address' fragment or query, and remove it from the address. */
export function useSecret(name: string): string {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get(name) ?? new URLSearchParams(location.search).get(name) ?? '');
  useEffect(() => {
    const search = new URLSearchParams(location.search);
    const fragment = new URLSearchParams(location.hash.slice(1));
    if (!search.has(name) && !fragment.has(name)) return;
    search.delete(name);
    history.replaceState(history.state, '', location.pathname + (search.size > 0 ? `?${search}` : ''));
  }, [name]);
  return token;
}
