import { useTranslation } from 'react-i18next';
import type { LimitsView } from '../../api';
import { addWords } from '../../app/words';
import { Panel } from '../Panel';
import texts from '../../words/limits';
import { Meter } from './Meter';

addWords('limits', texts);

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Format a size, such as `1.5 MB`. */
function size(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return new Intl.NumberFormat(undefined, { style: 'unit', unit: UNITS[power] ?? 'byte', maximumFractionDigits: 1 }).format(bytes / 1000 ** power);
}

/** How many things a user has, and may have. */
export function Holdings({ holdings }: { holdings: LimitsView['holdings'] }) {
  const { t } = useTranslation('limits');
  return (
    <Panel title={t('holdings')} about={t('holdingsAbout')}>
      <div>
        {holdings.map(({ name, used, limit }) => {
          const show = (amount: number) => (name === 'max_kept_bytes' ? size(amount) : new Intl.NumberFormat().format(amount));
          return (
            <Meter key={name} name={t(`names.${name}`)} used={limit === null ? undefined : limit === 0 ? 1 : used / limit}>
              {limit === null ? t('unlimited', { used: show(used) }) : t('of', { used: show(used), limit: show(limit) })}
            </Meter>
          );
        })}
      </div>
    </Panel>
  );
}
