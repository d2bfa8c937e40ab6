import { NotFound } from '../../app/shell/NotFound';

/** Not built yet. */
export default function Agent() {
  return <NotFound />;
}
