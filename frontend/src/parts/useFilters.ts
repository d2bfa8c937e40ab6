import { useSearchParams } from 'react-router';

/** Filters that are part of the address, so that they can be sent to someone and survive a reload. */
export function useFilters() {
  const [params, setParams] = useSearchParams();
  const get = (name: string): string => params.get(name) ?? '';
  const set = (changes: Record<string, string>) =>
    setParams(
      (now) => {
        const next = new URLSearchParams(now);
        for (const [name, value] of Object.entries(changes)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      },
      { replace: true },
    );
  return { get, set, any: params.size > 0, clear: () => setParams({}, { replace: true }) };
}
