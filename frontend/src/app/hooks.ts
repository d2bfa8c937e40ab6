import { useEffect } from 'react';
import { useDispatch, useSelector } from 'react-redux';
import type { Dispatch, State } from './store';

export const useAppDispatch = useDispatch.withTypes<Dispatch>();
export const useAppSelector = useSelector.withTypes<State>();

/** Set the document's title while the component is shown. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Chimera` : 'Chimera';
  }, [title]);
}
