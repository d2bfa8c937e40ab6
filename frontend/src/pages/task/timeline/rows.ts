/** The rows of the timeline's chart: a heading for each part of the task, and below it its calls. */
import type { Span } from '../../../api';

export type Call = Span & { id: string };
export type Row = { kind: 'part'; id: string; path: string; span: Call | undefined; count: number } | { kind: 'call'; id: string; path: string; span: Call };
export type Only = '' | 'model_call' | 'tool_call' | 'trouble';

/** States of an attempt that brought no answer. */
const LOST = ['failed', 'cancelled', 'in_doubt', 'late'];

export function isLost(span: Span): boolean {
  return LOST.includes(span.status);
}

function matches(span: Span, only: Only): boolean {
  if (only === '') return true;
  if (only === 'trouble') return isLost(span) || (span.attempt ?? 1) > 1;
  return span.kind === only;
}

/**
 * Arrange spans by part of the task, parts by the beginning of their first span, calls by their own beginning.
 * With a choice of calls, parts without such calls are left out.
 */
export function rowsOf(spans: readonly Span[], only: Only): Row[] {
  const parts = new Map<string, { own: Call | undefined; calls: Call[] }>();
  for (const span of spans) {
    const part = parts.get(span.path) ?? { own: undefined, calls: [] };
    parts.set(span.path, part);
    const call: Call = { ...span, id: [span.path, span.kind, span.purpose, span.step, span.attempt, span.index].join('|') };
    if (span.kind === 'task' || span.kind === 'subtask') part.own = call;
    else if (matches(span, only)) part.calls.push(call);
  }
  const rows: Row[] = [];
  for (const [path, { own, calls }] of parts) {
    if (only !== '' && calls.length === 0) continue;
    rows.push({ kind: 'part', id: `part|${path}`, path, span: own, count: calls.length });
    for (const span of calls) rows.push({ kind: 'call', id: span.id, path, span });
  }
  return rows;
}

export type Range = { from: number; to: number };

/** Return the time that the spans cover, in milliseconds; open spans last until `now`. */
export function rangeOf(spans: readonly Span[], now: number): Range {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { queued_at, started_at, ended_at } of spans) {
    from = Math.min(from, Date.parse(queued_at ?? started_at), Date.parse(started_at));
    to = Math.max(to, ended_at ? Date.parse(ended_at) : now);
  }
  return { from, to: Math.max(to, from + 1) };
}

export type Piece = { part: 'queue' | 'first' | 'rest' | 'tool' | 'lost' | 'part'; from: number; to: number };

/** Return the stacked pieces of a span's bar: the wait before it, the time to the first token, and the rest. */
export function piecesOf(span: Span, now: number): Piece[] {
  const began = Date.parse(span.started_at);
  const ended = span.ended_at ? Date.parse(span.ended_at) : Math.max(now, began);
  if (span.kind === 'task' || span.kind === 'subtask') return [{ part: 'part', from: began, to: ended }];
  const pieces: Piece[] = [];
  const queued = span.queued_at ? Date.parse(span.queued_at) : began;
  if (queued < began) pieces.push({ part: 'queue', from: queued, to: began });
  if (isLost(span)) return [...pieces, { part: 'lost', from: began, to: ended }];
  if (span.kind === 'tool_call') return [...pieces, { part: 'tool', from: began, to: ended }];
  const first = span.first_token_at ? Date.parse(span.first_token_at) : undefined;
  if (first === undefined) return [...pieces, { part: 'rest', from: began, to: ended }];
  return [...pieces, { part: 'first', from: began, to: first }, { part: 'rest', from: first, to: ended }];
}

const STEPS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000];

/** Return the marks of the time axis in milliseconds from its beginning, at most `most` of them. */
export function marksOf({ from, to }: Range, most: number): number[] {
  const length = to - from;
  const step = STEPS_MS.find((each) => length / each <= most) ?? Math.ceil(length / most / 86_400_000) * 86_400_000;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, place) => place * step);
}
