/** Places boxes from left to right, each after those that it depends on. The same input gives the same places. */

export type Box = { id: string; width: number; height: number; after: readonly string[] };
export type Layout = { at: ReadonlyMap<string, { x: number; y: number }>; width: number; height: number };

const GAP_X = 64;
const GAP_X_WITHIN = 24;
const GAP_Y = 20;
const SWEEPS = 4;
/** Layers of many boxes are wrapped, so that the whole is about this much wider than it is high. */
const RATIO = 1.6;
const FEWEST_ROWS = 5;

/** Lay boxes out: layers by the longest path, boxes of a layer near those that they are connected to. */
export function layout(boxes: readonly Box[]): Layout {
  const layers = ordered(layersOf(boxes), boxes);
  const rows = rowsFor(layers);
  const columns = layers.map((layer) => wrapped(layer, rows));
  const heightOf = (column: readonly Box[]) => column.reduce((sum, box) => sum + box.height, (column.length - 1) * GAP_Y);
  const height = Math.max(0, ...columns.flat().map(heightOf));
  const at = new Map<string, { x: number; y: number }>();
  let x = 0;
  for (const layer of columns) {
    for (const [place, column] of layer.entries()) {
      if (place > 0) x += GAP_X_WITHIN;
      let y = (height - heightOf(column)) / 2;
      for (const box of column) {
        at.set(box.id, { x, y });
        y += box.height + GAP_Y;
      }
      x += Math.max(...column.map((box) => box.width));
    }
    x += GAP_X;
  }
  return { at, width: Math.max(0, x - GAP_X), height };
}

/** Return after how many boxes a layer is wrapped, so that the whole can be shown as large as possible. */
function rowsFor(layers: readonly Box[][]): number {
  const boxes = layers.flat();
  const width = boxes.reduce((sum, box) => sum + box.width + GAP_X, 0) / boxes.length;
  const height = boxes.reduce((sum, box) => sum + box.height + GAP_Y, 0) / boxes.length;
  const longest = Math.max(FEWEST_ROWS, ...layers.map((layer) => layer.length));
  let best = longest;
  let least = Infinity;
  for (let rows = longest; rows >= FEWEST_ROWS; rows--) {
    const columns = layers.reduce((sum, layer) => sum + Math.ceil(layer.length / rows), 0);
    const size = Math.max((columns * width) / RATIO, rows * height);
    if (size < least) [best, least] = [rows, size];
  }
  return best;
}

function wrapped(layer: readonly Box[], rows: number): Box[][] {
  const count = Math.ceil(layer.length / rows);
  const size = Math.ceil(layer.length / count);
  return Array.from({ length: count }, (_, column) => layer.slice(column * size, (column + 1) * size)).filter((column) => column.length > 0);
}

/** Put each box one layer after the last of those that it depends on. Boxes of a cycle come last. */
function layersOf(boxes: readonly Box[]): Box[][] {
  const known = new Map(boxes.map((box) => [box.id, box]));
  const next = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const box of boxes) {
    const before = box.after.filter((id) => known.has(id));
    open.set(box.id, before.length);
    for (const id of before) next.set(id, [...(next.get(id) ?? []), box.id]);
  }
  const layers: Box[][] = [];
  let ready = boxes.filter((box) => open.get(box.id) === 0);
  const placed = new Set<string>();
  while (ready.length > 0) {
    layers.push(ready);
    const following: Box[] = [];
    for (const { id } of ready) {
      placed.add(id);
      for (const after of next.get(id) ?? []) {
        const left = (open.get(after) ?? 1) - 1;
        open.set(after, left);
        const box = known.get(after);
        if (left === 0 && box) following.push(box);
      }
    }
    ready = following;
  }
  const rest = boxes.filter(({ id }) => !placed.has(id));
  return rest.length > 0 ? [...layers, rest] : layers;
}

/** Sort each layer by the mean place of its neighbours, from the left and from the right in turn. */
function ordered(layers: Box[][], boxes: readonly Box[]): Box[][] {
  const input = new Map(boxes.map((box, place) => [box.id, place]));
  const before = new Map(boxes.map((box) => [box.id, box.after]));
  const after = new Map<string, string[]>();
  for (const box of boxes) for (const id of box.after) after.set(id, [...(after.get(id) ?? []), box.id]);
  for (const layer of layers) layer.sort((a, b) => (input.get(a.id) ?? 0) - (input.get(b.id) ?? 0));
  const place = new Map<string, number>();
  const number = (layer: Box[]) => layer.forEach((box, index) => place.set(box.id, (index + 0.5) / layer.length));
  layers.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const neighbours = sweep % 2 === 0 ? before : after;
    for (const layer of sweep % 2 === 0 ? layers : layers.toReversed()) {
      const mean = new Map(
        layer.map((box) => {
          const places = (neighbours.get(box.id) ?? []).flatMap((id) => place.get(id) ?? []);
          return [box.id, places.length === 0 ? (place.get(box.id) ?? 0) : places.reduce((sum, each) => sum + each, 0) / places.length];
        }),
      );
      layer.sort((a, b) => (mean.get(a.id) ?? 0) - (mean.get(b.id) ?? 0) || (input.get(a.id) ?? 0) - (input.get(b.id) ?? 0));
      number(layer);
    }
  }
  return layers;
}
