import { EmptyState } from '../../../parts/EmptyState';

/** Replaced by the graph of the agent tree. */
export default function GraphView({ id }: { id: string }) {
  return <EmptyState title={id} />;
}
