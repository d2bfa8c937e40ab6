/** Return the millionths of a US dollar in a typed amount such as `0.50`, or undefined if it isn't an amount above zero. */
export function microOf(text: string): number | undefined {
  const plain = text.trim().replace(/^\$/, '').replace(',', '.');
  if (!/^\d+(\.\d{1,6})?$/.test(plain)) return undefined;
  const micro = Math.round(Number(plain) * 1_000_000);
  return micro > 0 && Number.isSafeInteger(micro) ? micro : undefined;
}

/** Return millionths of a US dollar as an amount to edit, such as `0.50`. */
export function usdText(micro: number): string {
  const digits = (micro / 1_000_000).toFixed(6).replace(/0+$/, '');
  return /\.\d\d/.test(digits) ? digits : (micro / 1_000_000).toFixed(2);
}
