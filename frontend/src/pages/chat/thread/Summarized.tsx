import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Collapse from '@mui/material/Collapse';
import Divider from '@mui/material/Divider';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Markdown } from '../../../parts/Markdown';

/** The place up to which later replies receive a summary instead of the messages. */
export function Summarized({ text }: { text: string }) {
  const { t } = useTranslation('chat');
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <Box sx={{ mt: 2 }}>
      <Divider>
        <Button size="small" color="secondary" aria-expanded={isOpen} aria-controls={id} onClick={() => setOpen(!isOpen)} sx={{ fontWeight: 400 }}>
          {`${t('message.summarized')} · ${t(isOpen ? 'message.hideSummary' : 'message.showSummary')}`}
        </Button>
      </Divider>
      <Collapse in={isOpen} id={id} unmountOnExit>
        <Box sx={{ color: 'text.secondary', p: 1 }}>
          <Markdown text={text} />
        </Box>
      </Collapse>
    </Box>
  );
}
