import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api';
import { problemOf } from '../../api/problems';
import { sendFile } from '../../api/upload';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';

export type Upload = { key: number; name: string; share: number; failed?: string };

/** Upload files one after the other, and tell how far each is. */
export function useUploads() {
  const { t } = useTranslation('files');
  const dispatch = useAppDispatch();
  const [uploads, setUploads] = useState<Upload[]>([]);
  const count = useRef(0);
  const change = (key: number, part: Partial<Upload>) => setUploads((now) => now.map((each) => (each.key === key ? { ...each, ...part } : each)));
  const dismiss = (key: number) => setUploads((now) => now.filter((each) => each.key !== key));

  const one = async (file: File, key: number) => {
    const attempt = () => sendFile(file, (share) => change(key, { share }));
    let answer = await attempt();
    if (answer.status === 401) {
      // A request of the API's client renews the session for this one.
      await dispatch(api.endpoints.me.initiate(undefined, { forceRefetch: true, subscribe: false }));
      answer = await attempt();
    }
    if (answer.status >= 400) throw new Error(problemOf({ data: answer.data })?.detail ?? `HTTP ${answer.status}`);
  };

  const add = async (files: readonly File[]) => {
    const added = files.map((file) => ({ file, key: (count.current += 1) }));
    setUploads((now) => [...now, ...added.map(({ file, key }) => ({ key, name: file.name, share: 0 }))]);
    for (const { file, key } of added) {
      try {
        await one(file, key);
        dismiss(key);
        showToast(dispatch, t('uploaded', { name: file.name }));
      } catch (error) {
        const { message } = error as Error;
        change(key, { failed: message === 'lost' ? t('lost') : message });
      }
      dispatch(api.util.invalidateTags(['file', 'limits']));
    }
  };
  return { uploads, add, dismiss };
}
