import FailedIcon from '@mui/icons-material/ErrorOutlined';
import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Span } from '../../../api';
import { duration } from '../../../parts/times';
import { isLost, marksOf, type Piece, piecesOf, type Range, type Row } from './rows';
import { timesOf, useSpanWords } from './words';

const ROW = 26;
const AXIS = 28;
const SPARE = 8;
const MOST_MARKS = 8;

const LOOK: Record<Piece['part'], object> = {
  queue: { bgcolor: 'transparent', backgroundImage: 'repeating-linear-gradient(135deg, var(--mui-palette-text-secondary) 0 2px, transparent 2px 6px)', opacity: 0.6 },
  first: { bgcolor: 'info.main', opacity: 0.45 }, rest: { bgcolor: 'info.main' }, tool: { bgcolor: 'primary.main' }, lost: { bgcolor: 'error.main' },
  part: { bgcolor: 'text.secondary', opacity: 0.35, height: 6, top: 10 },
};

type Props = { rows: Row[]; range: Range; now: number; zoom: number; selected: string | undefined; nameOf: (path: string) => string; onSelect: (row: Row) => void };

/** Bars over time. Only the rows in view are in the document, so that thousands stay smooth. */
export function Chart({ rows, range, now, zoom, selected, nameOf, onSelect }: Props) {
  const { t } = useTranslation('task');
  const box = useRef<HTMLDivElement>(null);
  const focusing = useRef(false);
  const [view, setView] = useState({ top: 0, height: 480 });
  const place = rows.findIndex(({ id }) => id === selected);
  const first = Math.max(0, Math.floor(view.top / ROW) - SPARE);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW) + SPARE);
  const seen = () => {
    const element = box.current;
    if (element) setView({ top: element.scrollTop, height: Math.max(200, element.clientHeight) });
  };
  useEffect(() => {
    if (!focusing.current || selected === undefined) return;
    focusing.current = false;
    box.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(selected)}"]`)?.focus({ preventScroll: true });
  });
  const move = (event: KeyboardEvent) => {
    const to = { ArrowDown: place + 1, ArrowUp: Math.max(0, place - 1), Home: 0, End: rows.length - 1, PageDown: place + 15, PageUp: place - 15 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = Math.min(rows.length - 1, Math.max(0, to));
    const row = rows[next];
    const element = box.current;
    if (!row || !element) return;
    focusing.current = true;
    if (next * ROW < element.scrollTop) element.scrollTop = next * ROW;
    else if ((next + 1) * ROW + AXIS > element.scrollTop + element.clientHeight) element.scrollTop = (next + 1) * ROW + AXIS - element.clientHeight;
    seen();
    onSelect(row);
  };
  return (
    <Box ref={box} onScroll={seen} onKeyDown={move} role="group" aria-label={t('timeline.chart')} sx={{ overflow: 'auto', maxHeight: 'min(60vh, 640px)', '--names': { xs: '128px', md: '260px' } }}>
      <Box sx={{ width: `calc(var(--names) + (100% - var(--names)) * ${zoom})`, minWidth: '100%' }}>
        <Axis range={range} zoom={zoom} />
        <Box sx={{ position: 'relative', height: rows.length * ROW }}>
          {rows.slice(first, last).map((row, offset) => (
            <BarRow
              key={row.id} row={row} top={(first + offset) * ROW} range={range} now={now} name={nameOf(row.path)} on={row.id === selected}
              reachable={row.id === selected || (place < first || place >= last ? offset === 0 : false)} onSelect={() => onSelect(row)}
            />
          ))}
        </Box>
      </Box>
    </Box>
  );
}

function Axis({ range, zoom }: { range: Range; zoom: number }) {
  return (
    <Box aria-hidden sx={{ display: 'flex', position: 'sticky', top: 0, zIndex: 2, height: AXIS, bgcolor: 'background.paper', borderBottom: 1, borderColor: 'divider' }}>
      <Box sx={{ width: 'var(--names)', flexShrink: 0, position: 'sticky', left: 0, bgcolor: 'background.paper', zIndex: 1 }} />
      <Box sx={{ position: 'relative', flexGrow: 1, overflow: 'hidden' }}>
        {marksOf(range, MOST_MARKS * zoom).map((mark) => (
          <Typography key={mark} variant="caption" color="textSecondary" style={{ left: `${(mark / (range.to - range.from)) * 100}%` }} sx={{ position: 'absolute', top: 4, pl: 0.5, borderLeft: 1, borderColor: 'divider', whiteSpace: 'nowrap', fontSize: '0.75rem', display: { xs: mark % (2 * ((marksOf(range, MOST_MARKS * zoom)[1] ?? 1))) === 0 ? 'block' : 'none', md: 'block' } }}>
            {duration(mark).replace('.0 ', ' ')}
          </Typography>
        ))}
      </Box>
    </Box>
  );
}

type BarProps = { row: Row; top: number; range: Range; now: number; name: string; on: boolean; reachable: boolean; onSelect: () => void };

function BarRow({ row, top, range, now, name, on, reachable, onSelect }: BarProps) {
  const words = useSpanWords();
  const { t } = useTranslation('task');
  const { span } = row;
  const part = row.kind === 'part';
  const told = (each: Span): ReactNode => {
    const { queue, first, total } = timesOf(each);
    return [
      part ? name : words.title(each), words.state(each), queue && `${t('timeline.queue')} ${duration(queue)}`,
      first !== undefined && `${t('timeline.first')} ${duration(first)}`, `${t('timeline.total')} ${total === undefined ? t('timeline.running') : duration(total)}`,
    ].filter(Boolean).join(', ');
  };
  return (
    <Box
      component="button" type="button" data-row={row.id} tabIndex={reachable ? 0 : -1} aria-pressed={on} aria-label={span ? String(told(span)) : name}
      onClick={onSelect} onFocus={onSelect} onMouseMove={({ movementX, movementY }) => (movementX !== 0 || movementY !== 0) && !on && onSelect()} style={{ top }}
      sx={{
        position: 'absolute', left: 0, right: 0, height: ROW, display: 'flex', border: 0, p: 0, font: 'inherit', color: 'inherit', textAlign: 'left', cursor: 'default',
        bgcolor: on ? 'action.selected' : 'transparent', borderTop: part ? 1 : 0, borderColor: 'divider', '&:focus-visible': { outlineOffset: -2 },
      }}
    >
      <Box component="span" sx={{ width: 'var(--names)', flexShrink: 0, position: 'sticky', left: 0, zIndex: 1, bgcolor: on ? 'surface.sunken' : 'background.paper', borderRight: 1, borderColor: 'divider', px: 1, pl: part ? 1 : 2.5, height: '100%', display: 'flex', alignItems: 'center', gap: 0.5, overflow: 'hidden' }}>
        {span && !part && isLost(span) && <FailedIcon color="error" sx={{ fontSize: 14 }} />}
        <Typography component="span" variant="caption" noWrap sx={{ fontWeight: part ? 600 : 400 }}>{part ? name : words.short(row.span)}</Typography>
      </Box>
      <Box component="span" sx={{ position: 'relative', flexGrow: 1, height: '100%' }}>
        {span && piecesOf(span, now).map((piece) => <Bar key={piece.part} piece={piece} range={range} />)}
      </Box>
    </Box>
  );
}

function Bar({ piece, range }: { piece: Piece; range: Range }) {
  const length = range.to - range.from;
  const left = ((piece.from - range.from) / length) * 100;
  const width = ((piece.to - piece.from) / length) * 100;
  return <Box component="span" style={{ left: `${left}%`, width: `max(2px, ${width}%)` }} sx={{ position: 'absolute', top: 6, height: 14, borderRadius: '2px', ...LOOK[piece.part] }} />;
}

/** What the colors and patterns of the bars mean. */
export function Legend() {
  const { t } = useTranslation('task');
  return (
    <Box component="ul" sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 2, rowGap: 0.5, listStyle: 'none', m: 0, p: 0 }}>
      {(['queue', 'first', 'rest', 'tool', 'lost', 'part'] as const).map((part) => (
        <Box component="li" key={part} sx={{ display: 'flex', alignItems: 'center', gap: 0.75 }}>
          <Box aria-hidden sx={{ width: 16, height: 10, borderRadius: '2px', ...LOOK[part], top: undefined }} />
          <Typography variant="caption" color="textSecondary">{t(`timeline.${part}`)}</Typography>
        </Box>
      ))}
    </Box>
  );
}
