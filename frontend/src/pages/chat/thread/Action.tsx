import IconButton from '@mui/material/IconButton';
import type SvgIcon from '@mui/material/SvgIcon';
import Tooltip from '@mui/material/Tooltip';

type Props = { label: string; Icon: typeof SvgIcon; disabled?: boolean; onClick: () => void };

/** A small button below a message. */
export function Action({ label, Icon, disabled = false, onClick }: Props) {
  return (
    <Tooltip title={label}>
      <span>
        <IconButton size="small" aria-label={label} disabled={disabled} onClick={onClick}>
          <Icon fontSize="inherit" />
        </IconButton>
      </span>
    </Tooltip>
  );
}
