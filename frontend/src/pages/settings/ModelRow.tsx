import Chip from '@mui/material/Chip';
import Stack from '@mui/material/Stack';
import TableCell from '@mui/material/TableCell';
import TableRow from '@mui/material/TableRow';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import type { ModelView } from '../../api';
import { MONO } from '../../app/theme';
import { money } from '../../parts/Money';
import { Simulated } from '../../parts/Simulated';
import { Status } from '../../parts/Status';

export function ModelRow({ model }: { model: ModelView }) {
  const { t } = useTranslation('settings');
  const { price } = model;
  const source = price && t('priceFrom', { source: price.source, date: price.as_of });
  const amount = (micro: number | undefined) =>
    micro === undefined ? <Typography variant="body2" color="textSecondary">{t('unknown')}</Typography> : <Tooltip title={source ?? ''}><span>{money(micro)}</span></Tooltip>;
  return (
    <TableRow>
      <TableCell sx={{ minWidth: 220 }}>
        <Stack direction="row" spacing={1} sx={{ alignItems: 'center' }}>
          <span style={{ fontFamily: MONO }}>{model.model}</span>
          {model.simulated && <Simulated />}
        </Stack>
        {model.advice && <Typography variant="caption" color="textSecondary" component="div">{model.advice}</Typography>}
      </TableCell>
      <TableCell><Status status={model.usable ? 'ok' : 'none'} label={t(model.usable ? 'usable' : 'unusable')} /></TableCell>
      <TableCell align="right">{new Intl.NumberFormat().format(model.context_tokens)}</TableCell>
      <TableCell align="right">{amount(price?.input)}</TableCell>
      <TableCell align="right">{amount(price?.output)}</TableCell>
      <TableCell>
        <Stack direction="row" spacing={0.5} useFlexGap sx={{ flexWrap: 'wrap' }}>
          {model.abilities?.map((each) => <Chip key={each} size="small" variant="outlined" label={t(`ability.${each}`)} />) ?? <Typography variant="body2" color="textSecondary">{t('unknown')}</Typography>}
        </Stack>
      </TableCell>
    </TableRow>
  );
}
