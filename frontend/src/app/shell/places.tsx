/** The places of the console, in the order of the navigation. */
import AgentsIcon from '@mui/icons-material/SmartToyOutlined';
import AnalyticsIcon from '@mui/icons-material/BarChart';
import ChatIcon from '@mui/icons-material/ChatBubbleOutlined';
import FilesIcon from '@mui/icons-material/InsertDriveFileOutlined';
import GroupsIcon from '@mui/icons-material/GroupsOutlined';
import HealthIcon from '@mui/icons-material/MonitorHeartOutlined';
import HomeIcon from '@mui/icons-material/HomeOutlined';
import InboxIcon from '@mui/icons-material/InboxOutlined';
import LogsIcon from '@mui/icons-material/ReceiptLongOutlined';
import SchedulesIcon from '@mui/icons-material/Schedule';
import SettingsIcon from '@mui/icons-material/Settings';
import TasksIcon from '@mui/icons-material/AccountTreeOutlined';
import UsersIcon from '@mui/icons-material/PersonOutlined';
import type SvgIcon from '@mui/material/SvgIcon';

export type Place = {
  name: 'home' | 'inbox' | 'tasks' | 'chat' | 'schedules' | 'files' | 'agents' | 'analytics' | 'settings' | 'groups' | 'health' | 'logs' | 'users';
  to: string;
  Icon: typeof SvgIcon;
  group: 'work' | 'build' | 'observe' | 'admin';
  /** The key after `g` that leads there. */
  key: string;
  admin?: boolean;
};

export const PLACES: readonly Place[] = [
  { name: 'home', to: '/', Icon: HomeIcon, group: 'work', key: 'h' },
  { name: 'inbox', to: '/inbox', Icon: InboxIcon, group: 'work', key: 'i' },
  { name: 'tasks', to: '/tasks', Icon: TasksIcon, group: 'work', key: 't' },
  { name: 'chat', to: '/chat', Icon: ChatIcon, group: 'work', key: 'c' },
  { name: 'schedules', to: '/schedules', Icon: SchedulesIcon, group: 'work', key: 's' },
  { name: 'files', to: '/files', Icon: FilesIcon, group: 'work', key: 'f' },
  { name: 'agents', to: '/agents', Icon: AgentsIcon, group: 'build', key: 'a' },
  { name: 'groups', to: '/groups', Icon: GroupsIcon, group: 'build', key: 'o' },
  { name: 'settings', to: '/settings', Icon: SettingsIcon, group: 'build', key: ',' },
  { name: 'analytics', to: '/analytics', Icon: AnalyticsIcon, group: 'observe', key: 'n' },
  { name: 'health', to: '/system-health', Icon: HealthIcon, group: 'observe', key: 'e' },
  { name: 'logs', to: '/logs', Icon: LogsIcon, group: 'admin', key: 'l', admin: true },
  { name: 'users', to: '/users', Icon: UsersIcon, group: 'admin', key: 'u', admin: true },
];

export const GROUPS = ['work', 'build', 'observe', 'admin'] as const;

/** What will follow. Each has its place in the navigation's groups above: add a line there and a page. */
export const LATER = ['teams', 'knowledge', 'memory', 'templates', 'webhooks'] as const;

/** The places of a user. */
export function placesOf(isAdmin: boolean): readonly Place[] {
  return PLACES.filter(({ admin }) => isAdmin || !admin);
}
