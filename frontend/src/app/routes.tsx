/** Every address of the console. A page is loaded when it's first opened. */
import { type ComponentType, lazy, Suspense } from 'react';
import type { RouteObject } from 'react-router';
import { Loading } from '../parts/Loading';
import { RequireSession } from './session/RequireSession';
import { NotFound } from './shell/NotFound';
import { Shell } from './shell/Shell';

type Loaded = { default: ComponentType };

/** A page in its own chunk. */
function page(load: () => Promise<Loaded>) {
  const Page = lazy(load);
  return (
    <Suspense fallback={<Loading rows={6} />}>
      <Page />
    </Suspense>
  );
}

const signIn = page(() => import('../pages/sign-in/SignIn'));

export const routes: RouteObject[] = [
  { path: 'sign-in', element: signIn },
  { path: 'register', element: page(() => import('../pages/sign-in/Register')) },
  { path: 'first-administrator', element: page(() => import('../pages/sign-in/FirstAdministrator')) },
  { path: 'reset-password', element: page(() => import('../pages/sign-in/ResetPassword')) },
  { path: 'sign-in/finish', element: page(() => import('../pages/sign-in/Finish')) },
  {
    element: <RequireSession />,
    children: [
      {
        element: <Shell />,
        children: [
          { index: true, element: page(() => import('../pages/home/Home')) },
          { path: 'inbox/:item?', element: page(() => import('../pages/inbox/Inbox')) },
          { path: 'tasks', element: page(() => import('../pages/tasks/Tasks')) },
          { path: 'tasks/new', element: page(() => import('../pages/new-task/NewTask')) },
          { path: 'tasks/:id/:view?', element: page(() => import('../pages/task/Task')) },
          { path: 'chat/:id?', element: page(() => import('../pages/chat/Chat')) },
          { path: 'schedules', element: page(() => import('../pages/schedules/Schedules')) },
          { path: 'schedules/new', element: page(() => import('../pages/schedules/NewSchedule')) },
          { path: 'schedules/:id/:view?', element: page(() => import('../pages/schedules/Schedule')) },
          { path: 'files/:id?', element: page(() => import('../pages/files/Files')) },
          { path: 'agents', element: page(() => import('../pages/agents/Agents')) },
          { path: 'agents/new', element: page(() => import('../pages/agents/NewAgent')) },
          { path: 'agents/:agent/:view?', element: page(() => import('../pages/agents/Agent')) },
          { path: 'analytics/:view?', element: page(() => import('../pages/analytics/Analytics')) },
          { path: 'settings/:view?/:item?', element: page(() => import('../pages/settings/Settings')) },
          { path: 'profile/:view?', element: page(() => import('../pages/profile/Profile')) },
          { path: 'groups/:id?', element: page(() => import('../pages/groups/Groups')) },
          // Not /health, which is the address of the API's probes.
          { path: 'system-health', element: page(() => import('../pages/health/Health')) },
          { path: 'logs/:view?', element: page(() => import('../pages/logs/Logs')) },
          { path: 'users/:id?', element: page(() => import('../pages/users/Users')) },
          { path: '*', element: <NotFound /> },
        ],
      },
    ],
  },
];
