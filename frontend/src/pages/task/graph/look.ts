/** The graph's look. One set of rules for all cards: a style for each of 200 cards would cost more than drawing them. */
import type { SxProps, Theme } from '@mui/material/styles';

const tone = (name: string) => ({ [`& .card[data-tone="${name}"]`]: { '--tone': `var(--mui-palette-${name}-main)` } });

export const look: SxProps<Theme> = {
  position: 'relative', border: 1, borderColor: 'divider', borderRadius: 1, overflow: 'hidden', bgcolor: 'surface.sunken',
  '& .react-flow': { '--xy-background-color': 'transparent', '--xy-edge-stroke': 'var(--mui-palette-text-secondary)', '--xy-minimap-background-color': 'var(--mui-palette-background-paper)' },
  '& .react-flow__edge-path': { strokeWidth: 1.5, opacity: 0.65 },
  '& .react-flow__edge.plan .react-flow__edge-path': { strokeDasharray: '4 4', opacity: 0.45 },
  '& .react-flow__handle': { opacity: 0, width: '1px', height: '1px', minWidth: 0, minHeight: 0, border: 0, pointerEvents: 'none' },
  '& .react-flow__minimap': { border: 1, borderColor: 'divider', borderRadius: 1, overflow: 'hidden' },
  '& .react-flow__attribution, & .react-flow__attribution a': { bgcolor: 'transparent', color: 'text.secondary' },
  '& .card': {
    '--tone': 'var(--mui-palette-divider)', position: 'relative', width: '100%', height: '100%', boxSizing: 'border-box', borderRadius: '8px',
    border: '1px solid var(--mui-palette-divider)', borderLeft: '4px solid var(--tone)', bgcolor: 'background.paper', color: 'text.primary',
  },
  ...tone('info'), ...tone('success'), ...tone('warning'), ...tone('error'),
  '& .card[data-tone="warning"]': { '--tone': 'var(--mui-palette-warning-main)', outline: '2px solid var(--mui-palette-warning-main)' },
  '& .card[data-selected="true"]': { outline: '2px solid var(--mui-palette-primary-main)', outlineOffset: 1 },
  '& .card[data-frame="true"]': { bgcolor: 'color-mix(in srgb, var(--mui-palette-background-paper) 60%, transparent)' },
  '& .card[data-status="running"]::before': {
    content: '""', position: 'absolute', left: -4, top: 0, bottom: 0, width: 4, borderRadius: '8px 0 0 8px', bgcolor: 'background.paper',
    animation: 'breathe 2s ease-in-out infinite alternate', opacity: 0,
  },
  '@keyframes breathe': { to: { opacity: 0.65 } },
  '& .main': {
    all: 'unset', boxSizing: 'border-box', display: 'flex', flexDirection: 'column', gap: '4px', width: '100%', height: 94, p: '8px 10px', cursor: 'pointer', borderRadius: '8px',
    '&:focus-visible': { outline: '3px solid var(--mui-palette-primary-main)', outlineOffset: 1 },
  },
  '& .title': { fontWeight: 600, fontSize: 14, lineHeight: 1.3, display: '-webkit-box', WebkitLineClamp: 2, WebkitBoxOrient: 'vertical', overflow: 'hidden', overflowWrap: 'anywhere' },
  '& .card[data-folds="true"] .title': { pr: '64px' },
  '& .state': { display: 'flex', gap: '8px', alignItems: 'center', mt: 'auto', fontSize: 13, minWidth: 0 },
  '& .attempt': { color: 'warning.main', fontWeight: 600, fontSize: 12 },
  '& .figures': { display: 'flex', gap: '8px', fontSize: 12, color: 'text.secondary', whiteSpace: 'nowrap', overflow: 'hidden', fontVariantNumeric: 'tabular-nums' },
  '& .agent': { color: 'text.secondary', fontSize: 12, whiteSpace: 'nowrap', overflow: 'hidden', textOverflow: 'ellipsis', flexShrink: 1, minWidth: 24 },
  '& .simulated': { fontStyle: 'italic' },
  '& .fold': {
    all: 'unset', position: 'absolute', right: 6, top: 6, display: 'flex', alignItems: 'center', gap: '2px', p: '2px 8px', fontSize: 12, cursor: 'pointer', borderRadius: '6px',
    border: '1px solid var(--mui-palette-divider)', bgcolor: 'surface.raised', color: 'text.secondary', minHeight: 32, boxSizing: 'border-box',
    '&:hover': { color: 'text.primary' }, '&:focus-visible': { outline: '2px solid var(--mui-palette-primary-main)' },
  },
  // From afar, only the state and a large title can be read.
  '&[data-far="true"]': {
    '& .figures, & .attempt, & .fold': { display: 'none' },
    '& .card:not([data-frame="true"]) .title': { fontSize: 25, lineHeight: 1.15 },
    '& .state': { position: 'absolute', right: 8, bottom: 6, fontSize: 28, '& .MuiTypography-root, & .agent': { display: 'none' } },
  },
  '&[data-far="true"][data-distant="true"]': {
    '& .card:not([data-frame="true"]) .title': { fontSize: 38, lineHeight: 1.05, pr: '28px' }, '& .state': { fontSize: 44, right: 2, bottom: 2 },
  },
};
