import { lazy, Suspense } from 'react';
import { useAppSelector } from '../hooks';

const Toast = lazy(() => import('./Toast'));

/** Messages about what has just been done, one at a time. */
export function Toasts() {
  const [first] = useAppSelector((state) => state.toasts);
  return <Suspense>{first && <Toast key={first.id} first={first} />}</Suspense>;
}
