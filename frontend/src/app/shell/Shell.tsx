import Box from '@mui/material/Box';
import { lazy, Suspense, useState } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import { useTranslation } from 'react-i18next';
import { Outlet, useLocation } from 'react-router';
import { useLiveLists } from '../../live/useLiveLists';
import { useMe } from '../session/useMe';
import { TimeZone } from '../../parts/times';
import { ErrorPage } from './ErrorPage';
import { Navigation } from './Navigation';
import { Toasts } from './Toasts';
import { TopBar } from './TopBar';
import { useShortcuts } from './useShortcuts';

const NavigationDrawer = lazy(() => import('./NavigationDrawer'));
const Palette = lazy(() => import('./Palette'));
const Shortcuts = lazy(() => import('./Shortcuts'));
const WIDTH = 224;

/** The frame around every page of a signed-in user. */
export function Shell() {
  const { t } = useTranslation('shell');
  const me = useMe();
  useLiveLists(me.role === 'admin');
  const { pathname } = useLocation();
  const [drawer, setDrawer] = useState(false);
  const [dialog, setDialog] = useState<'palette' | 'shortcuts' | null>(null);
  useShortcuts({ onPalette: () => setDialog('palette'), onHelp: () => setDialog('shortcuts') });
  const close = () => setDialog(null);
  return (
    <TimeZone value={me.preferences?.time_zone ?? undefined}>
      <Box
        component="a"
        href="#content"
        sx={{ position: 'absolute', left: -9999, '&:focus': { left: 8, top: 8, zIndex: 2000, bgcolor: 'background.paper', color: 'text.primary', p: 1 } }}
      >
        {t('skip')}
      </Box>
      <TopBar onMenu={() => setDrawer(true)} onSearch={() => setDialog('palette')} />
      <Box sx={{ display: 'flex', alignItems: 'flex-start' }}>
        <Box sx={{ width: WIDTH, flexShrink: 0, display: { xs: 'none', md: 'block' }, position: 'sticky', top: 53, height: 'calc(100vh - 53px)', overflowY: 'auto', borderRight: 1, borderColor: 'divider', bgcolor: 'background.paper' }}>
          <Navigation />
        </Box>
        <Box component="main" id="content" tabIndex={-1} sx={{ flexGrow: 1, minWidth: 0, p: { xs: 2, md: 3 }, outline: 'none' }}>
          <ErrorBoundary resetKeys={[pathname]} FallbackComponent={ErrorPage}>
            <Outlet />
          </ErrorBoundary>
        </Box>
      </Box>
      <Toasts />
      <Suspense>
        {drawer && <NavigationDrawer width={WIDTH + 24} onClose={() => setDrawer(false)} />}
        {dialog === 'palette' && <Palette onClose={close} />}
        {dialog === 'shortcuts' && <Shortcuts onClose={close} />}
      </Suspense>
    </TimeZone>
  );
}
