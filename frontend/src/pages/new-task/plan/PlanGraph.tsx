import Box from '@mui/material/Box';
import { useTranslation } from 'react-i18next';
import type { PlannedSubtask } from '../../../api';
import { layersOf } from './plan';

const WIDTH = 168;
const HEIGHT = 44;
const GAP_X = 48;
const GAP_Y = 16;
const PAD = 8;

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

type Props = { plan: readonly PlannedSubtask[]; wrong: ReadonlySet<number>; selected: number; onSelect: (index: number) => void };

/** The plan as a graph from left to right: what a subtask depends on stands to its left. */
export function PlanGraph({ plan, wrong, selected, onSelect }: Props) {
  const { t } = useTranslation('new-task');
  const placed = layersOf(plan);
  const spots = new Map(placed.map(({ subtask, layer, row }) => [subtask.key, { x: PAD + layer * (WIDTH + GAP_X), y: PAD + row * (HEIGHT + GAP_Y) }]));
  const width = 2 * PAD + WIDTH + Math.max(0, ...placed.map(({ layer }) => layer)) * (WIDTH + GAP_X);
  const height = 2 * PAD + HEIGHT + Math.max(0, ...placed.map(({ row }) => row)) * (HEIGHT + GAP_Y);
  const edges = placed.flatMap(({ subtask }) =>
    (subtask.depends_on ?? []).flatMap((key) => {
      const from = spots.get(key);
      const to = spots.get(subtask.key);
      return from && to ? [{ name: `${key} ${subtask.key}`, from, to }] : [];
    }),
  );
  return (
    <Box role="group" aria-label={t('graph')} tabIndex={0} sx={{ position: 'relative', overflow: 'auto', maxHeight: 480, border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'surface.sunken' }}>
      <Box sx={{ position: 'relative', width, height }}>
        <Box component="svg" aria-hidden width={width} height={height} sx={{ position: 'absolute', inset: 0, color: 'text.secondary' }}>
          {edges.map(({ name, from, to }) => {
            const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
            const bend = Math.max(24, Math.abs(x2 - x1) / 2);
            return (
              <g key={name} stroke="currentColor" fill="none" strokeWidth={1.5}>
                <path d={`M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`} />
                <path d={`M${x2 - 6} ${y2 - 4} L${x2} ${y2} L${x2 - 6} ${y2 + 4}`} />
              </g>
            );
          })}
        </Box>
        {placed.map(({ subtask, index }) => {
          const spot = spots.get(subtask.key) ?? { x: 0, y: 0 };
          const color = wrong.has(index) ? 'error.main' : index === selected ? 'primary.main' : 'divider';
          return (
            <Box key={index} component="button" type="button" aria-pressed={index === selected} onClick={() => onSelect(index)}
              sx={{
                position: 'absolute', left: spot.x, top: spot.y, width: WIDTH, height: HEIGHT, px: 1, textAlign: 'left', font: 'inherit',
                cursor: 'pointer', bgcolor: 'background.paper', color: 'text.primary', border: index === selected ? 2 : 1, borderColor: color,
                borderRadius: 1, overflow: 'hidden', lineHeight: 1.3,
              }}>
              <Box component="span" sx={{ display: 'block', fontSize: '0.8125rem', fontWeight: 600, whiteSpace: 'nowrap' }}>{shortened(subtask.key, 20)}</Box>
              <Box component="span" sx={{ display: 'block', fontSize: '0.75rem', color: 'text.secondary', whiteSpace: 'nowrap' }}>
                {subtask.decompose ? t('graphSplit') : shortened(subtask.agent ?? 'analyst', 24)}
              </Box>
            </Box>
          );
        })}
      </Box>
    </Box>
  );
}
