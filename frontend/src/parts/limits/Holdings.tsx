import { useTranslation } from 'react-i18next';
import type { LimitsView } from '../../api';
import { addWords } from '../../app/words';
import { bytes } from '../bytes';
import { Panel } from '../Panel';
import texts from '../../words/limits';
import { Meter } from './Meter';

addWords('limits', texts);

/** How many things a user has, and may have. */
export function Holdings({ holdings }: { holdings: LimitsView['holdings'] }) {
  const { t } = useTranslation('limits');
  return (
    <Panel title={t('holdings')} about={t('holdingsAbout')}>
      <div>
        {holdings.map(({ name, used, limit }) => {
          const show = (amount: number) => (name === 'max_kept_bytes' ? bytes(amount) : new Intl.NumberFormat().format(amount));
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
