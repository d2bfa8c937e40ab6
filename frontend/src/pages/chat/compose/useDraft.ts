import { useCallback, useState } from 'react';
import type { AttachmentView } from '../../../api';

export type Draft = { text: string; files: readonly AttachmentView[] };

const NONE: Draft = { text: '', files: [] };

function read(key: string): Draft {
  try {
    const stored = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Partial<Draft> | null;
    return { text: stored?.text ?? '', files: stored?.files ?? [] };
  } catch {
    return NONE;
  }
}

/** What has been typed but not sent, kept until the tab is closed. */
export function useDraft(place: string) {
  const key = `chat-draft:${place}`;
  const [draft, setDraft] = useState(() => read(key));
  const change = useCallback(
    (how: (before: Draft) => Draft) =>
      setDraft((before) => {
        const next = how(before);
        if (next.text === '' && next.files.length === 0) sessionStorage.removeItem(key);
        else sessionStorage.setItem(key, JSON.stringify(next));
        return next;
      }),
    [key],
  );
  const clear = useCallback(() => change(() => NONE), [change]);
  return { draft, change, clear };
}
