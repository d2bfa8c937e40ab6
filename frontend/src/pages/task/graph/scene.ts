/** What the graph shows of a tree: cards, frames of unfolded subtasks, and edges, with their places. */
import { parentOf, type Node, ROOT } from '../../../live/picture';
import { type Box, layout } from './layers';

/** The part of a node that decides where it stands. */
export type Shape = Pick<Node, 'path' | 'children' | 'dependsOn'>;
export type Tree = ReadonlyMap<string, Shape>;
export type Card = { path: string; x: number; y: number; width: number; height: number; isFrame: boolean; level: number };
export type Edge = { from: string; to: string; isPlan: boolean };
export type Scene = { cards: Card[]; edges: Edge[] };

export const CARD = { width: 248, height: 96 };
const FRAME_TOP = CARD.height + 16;
const FRAME_EDGE = 16;
/** Subtasks with more children begin folded, and so do those far below. */
const UNFOLDED_CHILDREN = 12;
const UNFOLDED_LEVELS = 2;
/** An edge to each of more first subtasks would only be noise. */
const PLAN_EDGES = 16;

/** Whether a subtask shows those below it unless the user chose otherwise. */
export function isUnfolded(shape: Shape, level: number, chosen: ReadonlyMap<string, boolean>): boolean {
  if (shape.children.length === 0) return false;
  return chosen.get(shape.path) ?? (shape.children.length <= UNFOLDED_CHILDREN && level <= UNFOLDED_LEVELS);
}

/** Return everything below a node as it is shown, with the node itself at the left. */
export function sceneOf(tree: Tree, scope: string, chosen: ReadonlyMap<string, boolean>): Scene {
  const scene: Scene = { cards: [], edges: [] };
  const top = tree.get(scope);
  if (top === undefined) return scene;
  const inner = below(tree, top, 1, chosen);
  const firsts = top.children.filter((path) => prerequisites(tree, path).length === 0);
  const x = top.children.length > 0 ? CARD.width + 64 : 0;
  scene.cards.push({ path: scope, x: 0, y: Math.max(0, (inner.height - CARD.height) / 2), ...CARD, isFrame: false, level: 0 });
  for (const card of inner.cards) scene.cards.push({ ...card, x: card.x + x });
  if (firsts.length <= PLAN_EDGES) for (const path of firsts) scene.edges.push({ from: scope, to: path, isPlan: true });
  scene.edges.push(...inner.edges);
  return scene;
}

type Inner = Scene & { width: number; height: number };

function below(tree: Tree, parent: Shape, level: number, chosen: ReadonlyMap<string, boolean>): Inner {
  const inner = new Map<string, Inner>();
  const boxes: Box[] = [];
  const edges: Edge[] = [];
  for (const path of parent.children) {
    const shape = tree.get(path);
    if (shape === undefined) continue;
    const after = prerequisites(tree, path);
    for (const from of after) edges.push({ from, to: path, isPlan: false });
    if (isUnfolded(shape, level, chosen)) {
      const content = below(tree, shape, level + 1, chosen);
      inner.set(path, content);
      boxes.push({ id: path, after, width: Math.max(CARD.width, content.width) + 2 * FRAME_EDGE, height: FRAME_TOP + content.height + FRAME_EDGE });
    } else boxes.push({ id: path, after, ...CARD });
  }
  const { at, width, height } = layout(boxes);
  const cards: Card[] = [];
  for (const { id, width: w, height: h } of boxes) {
    const { x, y } = at.get(id) ?? { x: 0, y: 0 };
    const content = inner.get(id);
    cards.push({ path: id, x, y, width: w, height: h, isFrame: content !== undefined, level });
    for (const card of content?.cards ?? []) cards.push({ ...card, x: x + FRAME_EDGE + card.x, y: y + FRAME_TOP + card.y });
    edges.push(...(content?.edges ?? []));
  }
  return { cards, edges, width, height };
}

/** Return the paths of the siblings that a subtask depends on. */
export function prerequisites(tree: Tree, path: string): string[] {
  const parent = parentOf(path) ?? ROOT;
  return (tree.get(path)?.dependsOn ?? []).map((key) => (parent === ROOT ? key : `${parent}/${key}`)).filter((each) => tree.has(each));
}

/** Return the card to which an arrow key leads: along an edge, or up and down to the nearest. */
export function neighbour(scene: Scene, path: string, key: string): string | undefined {
  const own = scene.cards.find((card) => card.path === path);
  if (own === undefined) return undefined;
  if (key === 'ArrowRight') return scene.edges.find(({ from }) => from === path)?.to ?? nearest(scene, own, (card) => card.x > own.x);
  if (key === 'ArrowLeft') return scene.edges.find(({ to }) => to === path)?.from ?? nearest(scene, own, (card) => card.x < own.x);
  if (key === 'ArrowDown') return nearest(scene, own, (card) => card.y > own.y);
  if (key === 'ArrowUp') return nearest(scene, own, (card) => card.y < own.y);
  return undefined;
}

function nearest(scene: Scene, own: Card, isThere: (card: Card) => boolean): string | undefined {
  const distance = (card: Card) => Math.hypot(card.x - own.x, 2 * (card.y - own.y)) + 4 * Math.min(Math.abs(card.x - own.x), 2 * Math.abs(card.y - own.y));
  return scene.cards.filter((card) => card.path !== own.path && isThere(card)).sort((a, b) => distance(a) - distance(b))[0]?.path;
}
