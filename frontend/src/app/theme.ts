/** The look: one scale of type and spacing; colour only where it means something. */
import { createTheme } from '@mui/material/styles';

declare module '@mui/material/styles' {
  interface Palette {
    surface: { raised: string; sunken: string };
  }
  interface PaletteOptions {
    surface?: { raised: string; sunken: string };
  }
}

const SANS = 'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';
export const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace';

export const theme = createTheme({
  cssVariables: { colorSchemeSelector: 'data-theme', nativeColor: false },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: '#0f6b63', dark: '#0a524c', light: '#e0f2ef', contrastText: '#ffffff' },
        secondary: { main: '#475467' },
        info: { main: '#175cd3' },
        success: { main: '#067647' },
        warning: { main: '#a15c07' },
        error: { main: '#b42318' },
        background: { default: '#f7f8fa', paper: '#ffffff' },
        text: { primary: '#101828', secondary: '#475467' },
        divider: '#e4e7ec',
        surface: { raised: '#ffffff', sunken: '#f1f3f6' },
      },
    },
    dark: {
      palette: {
        primary: { main: '#5fd0c3', dark: '#8be0d6', light: '#123532', contrastText: '#06201d' },
        secondary: { main: '#a3adbd' },
        info: { main: '#84b6ff' },
        success: { main: '#5bd6a0' },
        warning: { main: '#f5b84f' },
        error: { main: '#ff8f85' },
        background: { default: '#0d1117', paper: '#141a22' },
        text: { primary: '#e8ecf2', secondary: '#a3adbd' },
        divider: '#262e3a',
        surface: { raised: '#1a212b', sunken: '#0f141b' },
      },
    },
  },
  spacing: 8,
  shape: { borderRadius: 8 },
  typography: {
    fontFamily: SANS,
    fontSize: 14,
    h1: { fontSize: '1.5rem', fontWeight: 650, lineHeight: 1.3, letterSpacing: '-0.01em' },
    h2: { fontSize: '1.125rem', fontWeight: 650, lineHeight: 1.4 },
    h3: { fontSize: '0.9375rem', fontWeight: 650, lineHeight: 1.4 },
    subtitle1: { fontSize: '0.9375rem', fontWeight: 600 },
    subtitle2: { fontSize: '0.8125rem', fontWeight: 600 },
    body1: { fontSize: '0.9375rem', lineHeight: 1.55 },
    body2: { fontSize: '0.875rem', lineHeight: 1.5 },
    caption: { fontSize: '0.8125rem', lineHeight: 1.45 },
    overline: { fontSize: '0.75rem', fontWeight: 600, letterSpacing: '0.04em', lineHeight: 1.6 },
    button: { textTransform: 'none', fontWeight: 600 },
  },
  components: {
    MuiButton: { defaultProps: { disableElevation: true }, styleOverrides: { root: { minHeight: 36 } } },
    MuiButtonBase: {
      styleOverrides: {
        root: { '&.Mui-focusVisible': { outline: '2px solid var(--mui-palette-primary-main)', outlineOffset: 2 } },
      },
    },
    MuiPaper: { defaultProps: { elevation: 0 }, styleOverrides: { root: { backgroundImage: 'none' } } },
    MuiCard: { defaultProps: { variant: 'outlined' } },
    MuiTextField: { defaultProps: { size: 'small', fullWidth: true } },
    MuiSelect: { defaultProps: { size: 'small' } },
    MuiTooltip: { defaultProps: { arrow: true, enterDelay: 400 } },
    MuiTableCell: { styleOverrides: { head: { fontWeight: 600, color: 'var(--mui-palette-text-secondary)' } } },
    MuiLink: { defaultProps: { underline: 'hover' } },
    MuiTab: { styleOverrides: { root: { minHeight: 44, fontWeight: 600 } } },
    MuiCssBaseline: {
      styleOverrides: {
        ':focus-visible': { outline: '2px solid var(--mui-palette-primary-main)', outlineOffset: 2 },
        '@media (prefers-reduced-motion: reduce)': {
          '*, *::before, *::after': { animationDuration: '0.01ms !important', transitionDuration: '0.01ms !important' },
        },
      },
    },
  },
});
