import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import type { MediaModelView } from '../../api';
import { MONO } from '../../app/theme';
import { Panel } from '../../parts/Panel';
import { Row, Rows } from '../../parts/Rows';
import { Simulated } from '../../parts/Simulated';

/** Models for embeddings, images and transcriptions. */
export function MediaModels({ models }: { models: readonly MediaModelView[] }) {
  const { t } = useTranslation('settings');
  return (
    <Panel title={t('media')} about={t('mediaAbout')}>
      <Rows>
        {models.map((each) => (
          <Row key={`${each.operation} ${each.model}`}>
            <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
              <span style={{ fontFamily: MONO, fontSize: '0.875rem' }}>{each.model}</span>
              {each.simulated && <Simulated />}
            </Stack>
            <Typography variant="caption" color="textSecondary">{t(`operations.${each.operation}`)}</Typography>
          </Row>
        ))}
      </Rows>
    </Panel>
  );
}
