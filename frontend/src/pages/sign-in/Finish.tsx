import { NotFound } from '../../app/shell/NotFound';

/** Not built yet. */
export default function Finish() {
  return <NotFound />;
}
