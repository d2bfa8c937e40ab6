import Accordion from '@mui/material/Accordion';
import AccordionDetails from '@mui/material/AccordionDetails';
import AccordionSummary from '@mui/material/AccordionSummary';
import Alert from '@mui/material/Alert';
import Button from '@mui/material/Button';
import ExpandMoreIcon from '@mui/icons-material/ExpandMore';
import Stack from '@mui/material/Stack';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PolicyRule } from '../../api';
import { fieldErrors, statusOf } from '../../api/problems';
import { useAppDispatch } from '../../app/hooks';
import { showToast } from '../../app/shell/toasts';
import { Json } from '../../parts/CodeBlock';
import { EmptyState } from '../../parts/EmptyState';
import { Panel } from '../../parts/Panel';
import { Problem } from '../../parts/Problem';
import { Rows } from '../../parts/Rows';
import { RuleDialog } from './RuleDialog';
import { RuleRow } from './RuleRow';

type Props = {
  title: string;
  about: string;
  rules: readonly PolicyRule[];
  byUser?: boolean;
  busy?: boolean;
  error?: unknown;
  /** The tag of what was last loaded. It is read when the first change begins. */
  etag?: () => string | undefined;
  onReload?: () => void;
  onSave?: (rules: PolicyRule[], etag: string | undefined) => Promise<boolean>;
};

/** A list of rules in their order. Changes are collected and saved together, because the order matters. */
export function RuleList({ title, about, rules, byUser = false, busy = false, error, etag, onReload, onSave }: Props) {
  const { t } = useTranslation(['settings', 'common']);
  const dispatch = useAppDispatch();
  const [draft, setDraft] = useState<{ rules: readonly PolicyRule[]; etag: string | undefined } | null>(null);
  const [edited, setEdited] = useState<number | 'new' | null>(null);
  const shown = draft?.rules ?? rules;
  const change = (next: readonly PolicyRule[]) => setDraft({ rules: next, etag: draft ? draft.etag : etag?.() });
  const move = (from: number, to: number) => {
    const next = [...shown];
    next.splice(to, 0, ...next.splice(from, 1));
    change(next);
  };
  const save = async () => {
    if (draft === null || onSave === undefined) return;
    if (!(await onSave([...draft.rules], draft.etag))) return;
    setDraft(null);
    showToast(dispatch, t('rulesSaved'));
  };
  const reload = () => {
    setDraft(null);
    onReload?.();
  };
  const outdated = statusOf(error) === 412;
  const add = onSave && <Button variant="outlined" onClick={() => setEdited('new')}>{t('addRule')}</Button>;
  return (
    <Panel title={title} about={about} actions={shown.length > 0 && add}>
      {shown.length === 0 && <EmptyState level="h3" title={t('noRules')} hint={t('noRulesHint')} action={add} />}
      {shown.length > 0 && (
        <Rows>
          {shown.map((rule, index) => (
            <RuleRow
              key={index} rule={rule} position={index + 1} last={index === shown.length - 1}
              {...(onSave ? { onMove: (by: number) => move(index, index + by), onEdit: () => setEdited(index), onDelete: () => change(shown.filter((_, at) => at !== index)) } : {})}
            />
          ))}
        </Rows>
      )}
      {draft && (
        <>
          {error !== undefined && !outdated && <Problem error={error} compact />}
          {error !== undefined && !outdated && Object.entries(fieldErrors(error)).map(([field, message]) => <Alert key={field} severity="error" variant="outlined">{fieldName(t('rule'), field)}: {message}</Alert>)}
          {outdated ? (
            <Alert severity="warning" variant="outlined" action={<Button color="inherit" size="small" onClick={reload}>{t('loadAgain')}</Button>}>{t('rulesOutdated')}</Alert>
          ) : (
            <Alert severity="info" variant="outlined" sx={{ alignItems: 'center' }}>{t('rulesUnsaved')}</Alert>
          )}
          <Stack direction="row" spacing={1}>
            <Button variant="contained" disabled={busy || outdated} onClick={() => void save()}>{t('saveRules')}</Button>
            <Button onClick={() => setDraft(null)}>{t('discard')}</Button>
          </Stack>
        </>
      )}
      {shown.length > 0 && (
        <Accordion disableGutters variant="outlined">
          <AccordionSummary expandIcon={<ExpandMoreIcon />}>{t('asJson')}</AccordionSummary>
          <AccordionDetails><Json value={{ rules: shown }} label={t('asJson')} /></AccordionDetails>
        </Accordion>
      )}
      {edited !== null && (
        <RuleDialog
          rule={edited === 'new' ? { verdict: 'ask' } : (shown[edited] ?? { verdict: 'ask' })} isNew={edited === 'new'} byUser={byUser} onClose={() => setEdited(null)}
          onDone={(rule) => {
            change(edited === 'new' ? [...shown, rule] : shown.map((each, at) => (at === edited ? rule : each)));
            setEdited(null);
          }}
        />
      )}
    </Panel>
  );
}

/** Turn `rules.0.approval.quorum` into `Rule 1, approval.quorum`. */
function fieldName(word: string, field: string): string {
  const [, index, ...rest] = field.split('.');
  return index !== undefined && /^\d+$/.test(index) ? `${word} ${Number(index) + 1}${rest.length > 0 ? `, ${rest.join('.')}` : ''}` : field;
}
