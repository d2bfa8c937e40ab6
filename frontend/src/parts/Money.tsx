import Typography, { type TypographyProps } from '@mui/material/Typography';

/** Format micro-USD: cents from a dollar on, four digits below it, and six for less than a hundredth of a cent. */
export function money(micro: number): string {
  const usd = micro / 1_000_000;
  const digits = micro === 0 || Math.abs(usd) >= 1 ? 2 : Math.abs(micro) >= 100 ? 4 : 6;
  const format = new Intl.NumberFormat('en-US', {
    style: 'currency', currency: 'USD', minimumFractionDigits: 2, maximumFractionDigits: digits,
  });
  return format.format(usd);
}

/** An amount in micro-USD. */
export function Money({ micro, ...props }: { micro: number } & TypographyProps<'span'>) {
  return (
    <Typography component="span" variant="inherit" {...props} sx={{ fontVariantNumeric: 'tabular-nums', ...props.sx }}>
      {money(micro)}
    </Typography>
  );
}
