import '@xyflow/react/dist/base.css';
import FitIcon from '@mui/icons-material/FitScreen';
import ZoomInIcon from '@mui/icons-material/ZoomIn';
import ZoomOutIcon from '@mui/icons-material/ZoomOut';
import Box from '@mui/material/Box';
import IconButton from '@mui/material/IconButton';
import Paper from '@mui/material/Paper';
import Tooltip from '@mui/material/Tooltip';
import { useColorScheme } from '@mui/material/styles';
import { type Edge as FlowEdge, MiniMap, Panel, ReactFlow, ReactFlowProvider, useReactFlow, useStore } from '@xyflow/react';
import { type KeyboardEvent, memo, type ReactElement, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RunFeed } from '../../../live/run';
import { toneOf } from '../../../parts/Status';
import { look } from './look';
import NodeCard, { buttonId, type CardNode, type Shared, SharedContext } from './NodeCard';
import { CARD, neighbour, sceneOf } from './scene';
import { useTree } from './structure';

type Props = {
  feed: RunFeed;
  title: string;
  scope: string;
  selected: string | null;
  onSelect: (path: string | null) => void;
  onEnter: (path: string) => void;
  onLeave: () => void;
};

const TYPES = { card: NodeCard };
const FAR = 0.6;
const DISTANT = 0.36;
const FIT = { padding: 0.08, maxZoom: 1 };

/** The tree below a node as a graph: what runs, what depends on what, and what it costs. */
const Graph = memo(function Graph(props: Props) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
});

export default Graph;

function Canvas({ feed, title, scope, selected, onSelect, onEnter, onLeave }: Props) {
  const { t } = useTranslation('graph');
  const tree = useTree(feed);
  const { mode, systemMode } = useColorScheme();
  const flow = useReactFlow();
  const isFar = useStore((state) => state.transform[2] < FAR);
  const isDistant = useStore((state) => state.transform[2] < DISTANT);
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [focus, setFocus] = useState<string | null>(null);
  const hasMoved = useRef(false);

  const scene = useMemo(() => sceneOf(tree, scope, chosen), [tree, scope, chosen]);
  const nodes = useMemo<CardNode[]>(
    () =>
      scene.cards.map(({ path, x, y, width, height, isFrame, level }) => ({
        id: path || '/', type: 'card', position: { x, y }, width, height, zIndex: level, data: { path, isFrame, isTop: level === 0 },
      })),
    [scene],
  );
  const edges = useMemo<FlowEdge[]>(
    () => scene.edges.map(({ from, to, isPlan }) => ({ id: `${from}>${to}`, source: from || '/', target: to || '/', focusable: false, className: isPlan ? 'plan' : undefined, zIndex: 0 })),
    [scene],
  );
  const focused = [focus, selected, scope].find((path) => path !== null && scene.cards.some((card) => card.path === path)) ?? scope;
  const shared = useMemo<Shared>(
    () => ({
      feed, title, selected, focused, onEnter,
      onSelect: (path) => { setFocus(path); onSelect(path); },
      onFold: (path, isUnfolded) => setChosen((before) => new Map(before).set(path, isUnfolded)),
    }),
    [feed, title, selected, focused, onSelect, onEnter],
  );

  // Until the user moves the view, it shows everything, also what comes later.
  useEffect(() => { hasMoved.current = false; }, [scope]);
  useEffect(() => {
    if (hasMoved.current) return;
    const frame = requestAnimationFrame(() => void flow.fitView(FIT));
    return () => cancelAnimationFrame(frame);
  }, [flow, nodes]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      if (selected !== null) onSelect(null);
      else onLeave();
      return;
    }
    if (event.key === 'Enter' && selected === focused && focused !== scope && (tree.get(focused)?.children.length ?? 0) > 0 && (event.target as Element).id === buttonId(focused)) {
      event.preventDefault();
      onEnter(focused);
      return;
    }
    const next = neighbour(scene, focused, event.key);
    if (next === undefined) return;
    event.preventDefault();
    setFocus(next);
    const card = scene.cards.find(({ path }) => path === next);
    if (card && hasMoved.current) void flow.setCenter(card.x + CARD.width / 2, card.y + CARD.height / 2, { zoom: flow.getZoom() });
    document.getElementById(buttonId(next))?.focus({ preventScroll: true });
  };

  const scheme = mode === 'system' ? systemMode : mode;
  return (
    <Box sx={[look as object, { height: '100%' }]} data-far={isFar} data-distant={isDistant} role="group" aria-label={t('graph')} aria-description={t('graphHelp')} onKeyDown={onKeyDown}>
      <SharedContext value={shared}>
        <ReactFlow<CardNode>
          nodes={nodes} edges={edges} nodeTypes={TYPES} colorMode={scheme === 'dark' ? 'dark' : 'light'}
          nodesDraggable={false} nodesConnectable={false} nodesFocusable={false} edgesFocusable={false} elementsSelectable={false}
          disableKeyboardA11y zoomOnDoubleClick={false} minZoom={0.08} maxZoom={2} fitView fitViewOptions={FIT}
          onMoveStart={(event) => { if (event !== null) hasMoved.current = true; }} onPaneClick={() => onSelect(null)}
        >
          <Overview feed={feed} />
          <Panel position="top-right">
            <Paper variant="outlined" sx={{ display: 'flex' }}>
              <Tool label={t('zoomOut')} icon={<ZoomOutIcon fontSize="small" />} onClick={() => { hasMoved.current = true; void flow.zoomOut(); }} />
              <Tool label={t('zoomIn')} icon={<ZoomInIcon fontSize="small" />} onClick={() => { hasMoved.current = true; void flow.zoomIn(); }} />
              <Tool label={t('fit')} icon={<FitIcon fontSize="small" />} onClick={() => { hasMoved.current = false; void flow.fitView(FIT); }} />
            </Paper>
          </Panel>
        </ReactFlow>
      </SharedContext>
    </Box>
  );
}

function Tool({ label, icon, onClick }: { label: string; icon: ReactElement; onClick: () => void }) {
  return (
    <Tooltip title={label}>
      <IconButton size="small" aria-label={label} onClick={onClick}>{icon}</IconButton>
    </Tooltip>
  );
}

/** A small map, only while a part of the graph is out of view. */
function Overview({ feed }: { feed: RunFeed }) {
  const { t } = useTranslation('graph');
  const isPartial = useStore(({ transform: [x, y, zoom], width, height, nodes }) =>
    nodes.some(({ position, width: w = 0, height: h = 0 }) => {
      const [left, top] = [position.x * zoom + x, position.y * zoom + y];
      return left < -8 || top < -8 || left + w * zoom > width + 8 || top + h * zoom > height + 8;
    }),
  );
  if (!isPartial) return null;
  const color = ({ data }: CardNode) => {
    const tone = toneOf(feed.state().picture?.nodes.get(data.path)?.status ?? '');
    return tone === 'textSecondary' ? 'var(--mui-palette-divider)' : `var(--mui-palette-${tone}-main)`;
  };
  return <MiniMap<CardNode> ariaLabel={t('overview')} nodeColor={color} pannable zoomable style={{ width: 160, height: 100 }} />;
}
