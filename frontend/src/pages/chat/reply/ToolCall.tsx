import ExpandIcon from '@mui/icons-material/ExpandMore';
import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import Collapse from '@mui/material/Collapse';
import Typography from '@mui/material/Typography';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { MONO } from '../../../app/theme';
import { CodeBlock } from '../../../parts/CodeBlock';
import { Status } from '../../../parts/Status';

export type Shown = {
  tool: string;
  state: 'waiting' | 'running' | 'finished' | 'failed';
  arguments: string;
  result: string | null;
};

/** A tool call in one line; its arguments and its result below it when it's opened. */
export function ToolCall({ call }: { call: Shown }) {
  const { t } = useTranslation('chat');
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <Box sx={{ border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.paper', minWidth: 0 }}>
      <ButtonBase
        onClick={() => setOpen(!isOpen)}
        aria-expanded={isOpen}
        aria-controls={id}
        sx={{ width: '100%', display: 'flex', gap: 1, alignItems: 'center', px: 1.5, py: 0.75, textAlign: 'left', borderRadius: 1 }}
      >
        <Status status={call.state} label={t(`work.${call.state}`)} />
        <Typography component="span" variant="body2" sx={{ fontFamily: MONO, fontWeight: 600 }}>
          {call.tool}
        </Typography>
        <Typography component="span" variant="caption" color="textSecondary" noWrap sx={{ fontFamily: MONO, flexGrow: 1, minWidth: 0 }}>
          {call.arguments}
        </Typography>
        <ExpandIcon fontSize="small" sx={{ transform: isOpen ? 'rotate(180deg)' : 'none', color: 'text.secondary' }} />
      </ButtonBase>
      <Collapse in={isOpen} id={id} unmountOnExit>
        <Box sx={{ px: 1.5, pb: 1 }}>
          <Typography variant="overline" component="div">{t('work.arguments')}</Typography>
          <CodeBlock text={indented(call.arguments)} label={t('work.arguments')} maxHeight={240} />
          {call.state !== 'running' && call.state !== 'waiting' && (
            <>
              <Typography variant="overline" component="div">{t('work.result')}</Typography>
              <CodeBlock text={call.result ? indented(call.result) : t('work.noResult')} label={t('work.result')} maxHeight={320} />
            </>
          )}
        </Box>
      </Collapse>
    </Box>
  );
}

/** JSON with line breaks. Other text, such as the beginning of JSON, stays as it is. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
