import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { addWords } from '../../app/words';
import { PageHeader } from '../../parts/PageHeader';
import texts from '../../words/groups';
import { Group } from './Group';
import { GroupList } from './GroupList';

addWords('groups', texts);

/** The groups with which the user shares things. */
export default function Groups() {
  const { t } = useTranslation('groups');
  const { id } = useParams();
  if (id !== undefined) return <Group id={id} />;
  return (
    <>
      <PageHeader title={t('title')} about={t('about')} />
      <GroupList />
    </>
  );
}
