import ExpandIcon from '@mui/icons-material/ExpandMore';
import ButtonBase from '@mui/material/ButtonBase';
import Box from '@mui/material/Box';
import { type ReactNode, useId, useState } from 'react';

type Props = { head: ReactNode; children: ReactNode; open?: boolean };

/** Content that is shown on demand, below a line that says what it is. */
export function Fold({ head, children, open: initially = false }: Props) {
  const [open, setOpen] = useState(initially);
  const id = useId();
  return (
    <Box sx={{ minWidth: 0 }}>
      <ButtonBase aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)} sx={{ display: 'flex', justifyContent: 'flex-start', textAlign: 'left', gap: 0.5, py: 0.5, maxWidth: '100%', borderRadius: 0.5, fontSize: '0.8125rem', fontWeight: 600, font: 'inherit' }}>
        <ExpandIcon fontSize="small" aria-hidden sx={{ transform: open ? undefined : 'rotate(-90deg)', color: 'text.secondary' }} />
        {head}
      </ButtonBase>
      <div id={id}>{open && children}</div>
    </Box>
  );
}
