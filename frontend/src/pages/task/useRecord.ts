import { useEffect, useEffectEvent, useState } from 'react';

type Page<Item> = { items: readonly Item[]; next: string | null };

/**
 * Load the first pages of a record that grows while it's read. Every refresh loads all of them again, because new entries
 * may stand anywhere; until they have arrived, the previous ones are shown.
 */
export function useRecord<Item>(key: string, version: number, load: (cursor: string | undefined) => Promise<Page<Item>>) {
  const [wanted, setWanted] = useState({ key, pages: 1 });
  const [found, setFound] = useState<{ key: string; pages: number; items: Item[]; next: string | null }>();
  const [failed, setFailed] = useState<{ key: string; error: unknown }>();
  const [again, setAgain] = useState(0);
  const pages = wanted.key === key ? wanted.pages : 1;
  const loadPage = useEffectEvent(load);
  useEffect(() => {
    let current = true;
    const run = async () => {
      const items: Item[] = [];
      let next: string | null = null;
      for (let page = 0; page < pages && (page === 0 || next !== null); page += 1) {
        const loaded: Page<Item> = await loadPage(next ?? undefined);
        items.push(...loaded.items);
        next = loaded.next;
      }
      if (!current) return;
      setFound({ key, pages, items, next });
      setFailed(undefined);
    };
    run().catch((error: unknown) => {
      if (current) setFailed({ key, error });
    });
    return () => {
      current = false;
    };
  }, [key, version, pages, again]);
  const own = found?.key === key ? found : undefined;
  const error = failed?.key === key ? failed.error : undefined;
  return {
    items: own?.items, error, hasMore: own !== undefined && own.next !== null, busy: own !== undefined && own.pages < pages && error === undefined,
    more: () => setWanted({ key, pages: (own?.pages ?? 1) + 1 }), retry: () => setAgain((count) => count + 1),
  };
}
