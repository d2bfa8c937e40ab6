import type { AgentView } from '../../api';
import type { Draft } from './draft';

/** Unsaved changes, and the state of the agent that they began with. */
export type Edited = { draft: Draft; etag: string | undefined };

export type ViewProps = {
  agent: AgentView;
  /** What the address calls the agent: its ID or name. */
  address: string;
  edited: Edited | undefined;
  onEdit: (draft: Draft) => void;
  /** Drop unsaved changes and load the agent. */
  onReload: () => Promise<void>;
};
