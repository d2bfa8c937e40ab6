import IdeaIcon from '@mui/icons-material/LightbulbOutlined';
import Chip from '@mui/material/Chip';
import Skeleton from '@mui/material/Skeleton';
import Stack from '@mui/material/Stack';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, type SuggestionsView } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { Problem } from '../../parts/Problem';
import { Simulated } from '../../parts/Simulated';

type Props = { sessionId: string; leaf: string; onChoose: (text: string) => void };
type Asked = { leaf: string; found?: SuggestionsView; error?: unknown };

/** Suggestions for the next message. Only on request, because a model writes them and that costs money. */
export function Suggestions({ sessionId, leaf, onChoose }: Props) {
  const { t } = useTranslation('chat');
  const dispatch = useAppDispatch();
  const [asked, setAsked] = useState<Asked | null>(null);
  const current = asked?.leaf === leaf ? asked : null;

  const ask = async () => {
    setAsked({ leaf });
    try {
      const wish = api.endpoints.getChatSuggestions.initiate({ sessionId, prefer: 'wait=25' }, { subscribe: false, forceRefetch: true });
      let found = await dispatch(wish).unwrap();
      while (found.suggestions.length === 0 && !found.error && found.status !== 'cancelled') found = await dispatch(wish).unwrap();
      setAsked({ leaf, found });
    } catch (error) {
      setAsked({ leaf, error });
    }
  };

  if (current === null)
    return (
      <Tooltip title={t('suggest.hint')} describeChild>
        <Chip icon={<IdeaIcon />} label={t('suggest.ask')} variant="outlined" size="small" onClick={() => void ask()} sx={{ mt: 1 }} />
      </Tooltip>
    );
  if (current.error !== undefined) return <Problem error={current.error} onRetry={() => void ask()} compact />;
  const { found } = current;
  if (found?.error) return <Typography variant="caption" color="error">{`${t('suggest.failed')} ${found.error}`}</Typography>;
  return (
    <Stack role="group" aria-label={t('suggest.label')} aria-busy={!found} direction="row" spacing={1} useFlexGap sx={{ flexWrap: 'wrap', alignItems: 'center', mt: 1 }}>
      {found
        ? found.suggestions.map((text) => <Chip key={text} label={text} variant="outlined" onClick={() => onChoose(text)} sx={{ height: 'auto', maxWidth: '100%', '& .MuiChip-label': { whiteSpace: 'normal', py: 0.75 } }} />)
        : [180, 220, 160].map((width) => <Skeleton key={width} variant="rounded" width={width} height={32} />)}
      {found?.simulated && <Simulated />}
    </Stack>
  );
}
