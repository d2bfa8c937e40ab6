import { useCallback, useState } from 'react';

type Page<Item> = { items: Item[]; next_cursor?: string | null };

/** Load further pages of a list: `loadPage` asks for the page at a cursor. Pages are forgotten when `key` changes. */
export function usePages<Item>(key: string, first: Page<Item> | undefined, loadPage: (cursor: string) => Promise<Page<Item>>) {
  const [more, setMore] = useState<{ key: string; items: Item[]; next: string | null }>();
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  const own = more?.key === key ? more : undefined;
  const next = own ? own.next : (first?.next_cursor ?? null);
  const load = useCallback(async () => {
    if (next === null) return;
    setState({ busy: true });
    try {
      const page = await loadPage(next);
      setMore((now) => ({ key, items: [...(now?.key === key ? now.items : []), ...page.items], next: page.next_cursor ?? null }));
      setState({ busy: false });
    } catch (error) {
      setState({ busy: false, error });
    }
  }, [key, next, loadPage]);
  return { items: [...(first?.items ?? []), ...(own?.items ?? [])], hasMore: next !== null, load, ...state };
}
