import { useTranslation } from 'react-i18next';
import type { SubtaskView } from '../../api';
import { Choose } from '../../parts/Choose';

/** The value that stands for the task's own calls, whose path is empty. */
const ITSELF = '.';

/** Return the path that an address selects: undefined for the whole task, '' for its own calls. */
export function pathOf(value: string): string | undefined {
  return value === '' ? undefined : value === ITSELF ? '' : value;
}

export function NodeFilter({ nodes, value, onChange }: { nodes: readonly SubtaskView[]; value: string; onChange: (value: string) => void }) {
  const { t } = useTranslation('task');
  // A select needs the chosen value among its options, also before the subtasks have been loaded.
  const known = value === '' || value === ITSELF || nodes.some(({ path }) => path === value);
  return (
    <Choose
      label={t('node')} width={240} value={value} onChange={onChange}
      options={[
        ['', t('wholeTask')], [ITSELF, t('itself')], ...(known ? [] : [[value, value] as const]),
        ...nodes.map(({ path, title, key }) => [path, `${'\u2003'.repeat(path.split('/').length - 1)}${title || key}`] as const),
      ]}
    />
  );
}
