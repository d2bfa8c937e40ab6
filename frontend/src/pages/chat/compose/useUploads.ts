import { useCallback, useState } from 'react';
import { type AttachmentView, useCreateFileMutation } from '../../../api';
import { problemOf } from '../../../api/problems';

export type Upload = { key: number; name: string; error: string | null };

let last = 0;

/** Upload files. `onReady` receives each one when it's stored. */
export function useUploads(onReady: (file: AttachmentView) => void, unknown: string) {
  const [create] = useCreateFileMutation();
  const [uploads, setUploads] = useState<readonly Upload[]>([]);

  const drop = useCallback((key: number) => setUploads((all) => all.filter((each) => each.key !== key)), []);

  const upload = useCallback(
    async (file: File) => {
      const key = ++last;
      setUploads((all) => [...all, { key, name: file.name, error: null }]);
      const body = new FormData();
      body.append('file', file, file.name);
      try {
        // The generator types a form as its fields.
        const stored = await create({ body: body as unknown as { file: Blob } }).unwrap();
        onReady({ id: stored.id, name: stored.name, media_type: stored.media_type, size_bytes: stored.size_bytes });
        drop(key);
      } catch (error) {
        const message = problemOf(error)?.detail ?? unknown;
        setUploads((all) => all.map((each) => (each.key === key ? { ...each, error: message } : each)));
      }
    },
    [create, drop, onReady, unknown],
  );

  return { uploads, upload, drop };
}
