import Card from '@mui/material/Card';
import CardContent from '@mui/material/CardContent';
import Chip from '@mui/material/Chip';
import Divider from '@mui/material/Divider';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import type { ApprovalView } from '../../api';
import { addWords } from '../../app/words';
import texts from '../../words/approvals';
import { Markdown } from '../Markdown';
import { Status } from '../Status';
import { Facts } from './Facts';
import { Lost } from './Lost';
import { Question } from './Question';
import { ToolCall } from './ToolCall';
import { useDecision } from './useDecision';
import { Result } from './Result';
import { CallArguments } from './CallArguments';

addWords('approvals', texts);

type Props = { approval: ApprovalView; onDone?: () => void };

/** What a person has to decide, with everything that the decision depends on, and the ways to decide. */
export function ApprovalCard({ approval, onDone }: Props) {
  const { t } = useTranslation('approvals');
  const id = useId();
  const decision = useDecision(approval, onDone);
  const { agent, kind, tool, question } = approval;
  const title = kind === 'question' ? t('asks', { agent }) : t(kind === 'outcome' ? 'lost' : 'wants', { agent, tool });
  const open = approval.status === 'pending' && approval.may_decide;
  return (
    <Card component="article" aria-labelledby={id}>
      <CardContent>
        <Stack direction="row" spacing={1} useFlexGap sx={{ alignItems: 'center', flexWrap: 'wrap', mb: 1 }}>
          <Typography id={id} variant="h2" component="h2" sx={{ overflowWrap: 'anywhere' }}>{title}</Typography>
          <Chip size="small" variant="outlined" label={t(`kind.${kind}`)} />
          <Status status={approval.status === 'pending' ? 'waiting' : approval.status} />
        </Stack>
        {kind === 'outcome' && <Typography variant="body2" sx={{ mb: 1 }}>{t('lostAbout')}</Typography>}
        {kind === 'question' ? <Markdown text={question ?? ''} /> : <CallArguments approval={approval} />}
        <Facts approval={approval} />
        <Result approval={approval} />
        {approval.status === 'pending' && !approval.may_decide && <Typography variant="body2" color="textSecondary" sx={{ mt: 2 }}>{t('notYours')}</Typography>}
        {open && (
          <>
            <Divider sx={{ my: 2 }} />
            {kind === 'tool_call' && <ToolCall approval={approval} decision={decision} />}
            {kind === 'question' && <Question approval={approval} decision={decision} />}
            {kind === 'outcome' && <Lost decision={decision} />}
          </>
        )}
      </CardContent>
    </Card>
  );
}
