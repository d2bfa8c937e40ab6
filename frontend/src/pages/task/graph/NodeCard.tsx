import FoldIcon from '@mui/icons-material/UnfoldLess';
import UnfoldIcon from '@mui/icons-material/UnfoldMore';
import { Handle, type NodeProps, Position, type Node as FlowNode } from '@xyflow/react';
import { createContext, memo, use, useCallback, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { isDone } from '../../../live/picture';
import type { RunFeed } from '../../../live/run';
import { useNode } from '../../../live/useRun';
import { Money } from '../../../parts/Money';
import { Status, toneOf } from '../../../parts/Status';
import { Took } from '../../../parts/Took';
import { activityOf, costOf, titleOf } from './activity';

export type CardData = { path: string; isFrame: boolean; isTop: boolean };
export type CardNode = FlowNode<CardData, 'card'>;

/** What all cards share, so that a selection doesn't make new nodes. */
export type Shared = {
  feed: RunFeed;
  title: string;
  selected: string | null;
  focused: string;
  onSelect: (path: string) => void;
  onEnter: (path: string) => void;
  onFold: (path: string, isUnfolded: boolean) => void;
};
export const SharedContext = createContext<Shared | null>(null);

/** Return the id of a node's button in the page. */
export function buttonId(path: string): string {
  return `node:${path}`;
}

function NodeCard({ data: { path, isFrame, isTop } }: NodeProps<CardNode>) {
  const { t } = useTranslation('graph');
  const shared = use(SharedContext);
  if (shared === null) throw new Error('A card needs its graph.');
  const { feed, selected, focused, onSelect, onEnter, onFold } = shared;
  const node = useNode(feed, path);
  const below = useBelow(feed, path);
  if (node === undefined) return null;
  const { status, label } = activityOf(node, t);
  const title = titleOf(node, shared.title);
  const fact = feed.state().facts.get(path);
  const canFold = below !== null && !isTop;
  return (
    <div className="card" data-tone={toneOf(status)} data-status={status} data-frame={isFrame} data-folds={canFold} data-selected={selected === path}>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <button
        type="button"
        id={buttonId(path)}
        className="main"
        tabIndex={focused === path ? 0 : -1}
        aria-pressed={selected === path}
        onClick={() => onSelect(path)}
        onDoubleClick={() => below !== null && !isTop && onEnter(path)}
      >
        <span className="title">{title}</span>
        <span className="state">
          <Status status={status} label={label} />
          <span className="agent">{isTop && path === '' ? t('planned') : node.agent}</span>
          {node.call && node.call.attempt > 1 && <span className="attempt">{t('attempt', { attempt: node.call.attempt })}</span>}
        </span>
        <span className="figures">
          {node.calls > 0 && <span>{t('calls', { count: node.calls })}</span>}
          {(node.calls > 0 || fact) && <Money micro={costOf(node, fact)} />}
          {node.startedAt && <Took from={node.startedAt} to={node.endedAt} />}
          {node.simulated && <span className="simulated">{t('common:simulated')}</span>}
        </span>
      </button>
      {canFold && (
        <button
          type="button"
          className="fold"
          tabIndex={focused === path ? 0 : -1}
          aria-label={t(isFrame ? 'fold' : 'unfold', { title, below })}
          aria-expanded={isFrame}
          onClick={() => onFold(path, !isFrame)}
        >
          {isFrame ? <FoldIcon fontSize="inherit" /> : <UnfoldIcon fontSize="inherit" />}
          <span>{below}</span>
        </button>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </div>
  );
}

export default memo(NodeCard);

/** Return how many of a node's direct subtasks are done, such as `2/5`, or null if it has none. */
function useBelow(feed: RunFeed, path: string): string | null {
  const read = useCallback(() => {
    const nodes = feed.state().picture?.nodes;
    const children = nodes?.get(path)?.children ?? [];
    if (children.length === 0) return null;
    return `${children.filter((child) => isDone(nodes?.get(child)?.status ?? '')).length}/${children.length}`;
  }, [feed, path]);
  return useSyncExternalStore(feed.subscribe, read);
}
