import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { type ReactNode, Suspense } from 'react';
import { MemoryRouter, useLocation, useRoutes } from 'react-router';
import { Surroundings } from '../src/app/App';
import { routes } from '../src/app/routes';
import { createStore } from '../src/app/store';

function Address() {
  const { pathname, search } = useLocation();
  return <output data-testid="address">{pathname + search}</output>;
}

function Routes() {
  return useRoutes(routes);
}

/** Show the whole console at an address, as a signed-in user of `tests/server.ts` sees it. */
export function open(address: string) {
  return show(<Routes />, address);
}

/** Show one component with the store, the theme, the texts and a router around it. */
export function show(children: ReactNode, address = '/') {
  const store = createStore();
  const view = render(
    <Surroundings store={store}>
      <MemoryRouter initialEntries={[address]}>
        <Suspense>{children}</Suspense>
        <Address />
      </MemoryRouter>
    </Surroundings>,
  );
  return { ...view, store, user: userEvent.setup(), address: () => view.getByTestId('address').textContent };
}
