import createCache from '@emotion/cache';
import { CacheProvider } from '@emotion/react';
import CssBaseline from '@mui/material/CssBaseline';
import { ThemeProvider } from '@mui/material/styles';
import { type ReactNode, useState } from 'react';
import { I18nextProvider } from 'react-i18next';
import { Provider } from 'react-redux';
import { BrowserRouter, useRoutes } from 'react-router';
import { routes } from './routes';
import { createStore, type Store } from './store';
import { theme } from './theme';
import { words } from './words';

/** The nonce that the content security policy of this page allows for styles. */
function nonce(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
}

function Routes() {
  return useRoutes(routes);
}

/** What every page needs around it: the store, the theme and the texts. */
export function Surroundings({ store, children }: { store: Store; children: ReactNode }) {
  const [cache] = useState(() => createCache({ key: 'c', nonce: nonce() }));
  return (
    <Provider store={store}>
      <CacheProvider value={cache}>
        <ThemeProvider theme={theme} defaultMode="system" storageWindow={window}>
          <CssBaseline />
          <I18nextProvider i18n={words}>{children}</I18nextProvider>
        </ThemeProvider>
      </CacheProvider>
    </Provider>
  );
}

export function App() {
  const [store] = useState(createStore);
  return (
    <Surroundings store={store}>
      <BrowserRouter>
        <Routes />
      </BrowserRouter>
    </Surroundings>
  );
}
