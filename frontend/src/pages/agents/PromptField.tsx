import TextField from '@mui/material/TextField';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCountTokensMutation } from '../../api';
import { MOST_CHARACTERS } from './draft';

const SETTLE_MS = 800;

type Props = { value: string; model: string | null; error?: string | undefined; onChange: (text: string) => void };

/** The system prompt, with its length. Tokens are counted when the typing pauses, if the agent has a model of its own. */
export function PromptField({ value, model, error, onChange }: Props) {
  const { t } = useTranslation('agents');
  const [count] = useCountTokensMutation();
  const [known, setKnown] = useState<{ text: string; words: string }>();
  useEffect(() => {
    if (model === null || value.trim() === '') return undefined;
    let current = true;
    const timer = setTimeout(() => {
      void count({ countRequest: { model, text: value } }).then(({ data }) => {
        if (data && current) setKnown({ text: value, words: t(data.estimated ? 'tokensAbout' : 'tokens', { count: data.tokens }) });
      });
    }, SETTLE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [value, model, count, t]);
  const length = t('characters', { count: value.length, most: MOST_CHARACTERS });
  const tokens = model !== null && known?.text === value ? ` · ${known.words}` : '';
  return (
    <TextField label={t('prompt')} multiline minRows={8} maxRows={30} required value={value} placeholder={t('promptHint')} error={error !== undefined}
      helperText={error ?? length + tokens} onChange={(event) => onChange(event.target.value)} slotProps={{ htmlInput: { maxLength: MOST_CHARACTERS } }} />
  );
}
