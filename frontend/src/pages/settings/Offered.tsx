import Accordion from '@mui/material/Accordion';
import AccordionDetails from '@mui/material/AccordionDetails';
import AccordionSummary from '@mui/material/AccordionSummary';
import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import ExpandMoreIcon from '@mui/icons-material/ExpandMore';
import { useTranslation } from 'react-i18next';
import { type ToolDetails, useAcceptToolMutation } from '../../api';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { CodeBlock, Json } from '../../parts/CodeBlock';
import { Fact, Facts } from '../../parts/Facts';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';

type Offer = NonNullable<ToolDetails['offered']>;
const FLAGS = ['reads_only', 'egress', 'untrusted'] as const;

/** What a server offers now instead of what was accepted. Exactly the definition that is shown here is accepted. */
export function Offered({ tool, offered, mayAccept }: { tool: ToolDetails; offered: Offer; mayAccept: boolean }) {
  const { t } = useTranslation('settings');
  const dispatch = useAppDispatch();
  const [accept, { error, isLoading }] = useAcceptToolMutation();
  const submit = async () => {
    const result = await accept({ name: tool.name, acceptance: { sha256: offered.sha256 } });
    if (!result.error) showToast(dispatch, t('accepted', { name: tool.name }));
  };
  const flags = FLAGS.filter((each) => tool[each] !== offered[each]);
  const otherSchema = JSON.stringify(tool.parameters) !== JSON.stringify(offered.parameters);
  return (
    <Panel title={t('offeredTitle')} about={t('offeredAbout')} actions={mayAccept && <Button variant="contained" disabled={isLoading} onClick={() => void submit()}>{t('accept')}</Button>}>
      {!mayAccept && <Alert severity="info" variant="outlined">{t('onlyAdmins')}</Alert>}
      {error !== undefined && <Problem error={error} compact />}
      {offered.description === tool.description ? t('sameDescription') : (
        <>
          <div>{t('before')}<CodeBlock text={tool.description} label={t('before')} maxHeight={240} /></div>
          <div>{t('now')}<CodeBlock text={offered.description} label={t('now')} maxHeight={240} /></div>
        </>
      )}
      {flags.length > 0 && (
        <Facts>{flags.map((each) => <Fact key={each} name={t(`flags.${each}`)}>{t('fromTo', { from: t(tool[each] ? 'yes' : 'no'), to: t(offered[each] ? 'yes' : 'no') })}</Fact>)}</Facts>
      )}
      {otherSchema && (
        <Accordion disableGutters variant="outlined">
          <AccordionSummary expandIcon={<ExpandMoreIcon />}>{t('newSchema')}</AccordionSummary>
          <AccordionDetails><Json value={offered.parameters} label={t('newSchema')} /></AccordionDetails>
        </Accordion>
      )}
    </Panel>
  );
}
