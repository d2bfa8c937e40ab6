import List from '@mui/material/List';
import ListItem from '@mui/material/ListItem';
import ListItemButton from '@mui/material/ListItemButton';
import Stack from '@mui/material/Stack';
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Status } from '../../parts/Status';
import { When } from '../../parts/When';
import { titleOf } from './titles';
import type { Item } from './useItems';

type Props = { items: Item[]; label: string; selected: string | undefined; search?: string };

/** One line for each item: what it is, of which task, and since when. */
export function ItemList({ items, label, selected, search = '' }: Props) {
  const { t } = useTranslation('inbox');
  return (
    <List aria-label={label} disablePadding sx={{ border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.paper', overflow: 'hidden' }}>
      {items.map((item) => (
        <ListItem key={item.id} disablePadding divider>
          <ListItemButton component={Link} to={`/inbox/${item.id}${search}`} selected={item.id === selected} aria-current={item.id === selected ? 'true' : undefined} sx={{ display: 'block', py: 1.25 }}>
            <Typography variant="subtitle2" component="div" noWrap>{titleOf(item, t)}</Typography>
            <Stack direction="row" spacing={1} sx={{ alignItems: 'center', color: 'text.secondary' }}>
              {'approval' in item && item.approval.status !== 'pending' && <Status status={item.approval.status} />}
              <Typography variant="caption" noWrap sx={{ flexGrow: 1, minWidth: 0 }}>{'task' in item ? item.task.title : item.approval.task_title}</Typography>
              <Typography variant="caption" noWrap sx={{ flexShrink: 0 }}><When at={item.at} /></Typography>
            </Stack>
          </ListItemButton>
        </ListItem>
      ))}
    </List>
  );
}
