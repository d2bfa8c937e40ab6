/** Return the address to go to after the sign-in: only one of this console. */
export function nextIn(params: URLSearchParams): string {
  const next = params.get('next') ?? '/';
  const here = 'https://console.invalid';
  try {
    const url = new URL(next, here);
    // Browsers drop tabs and line breaks and read backslashes as slashes, so only the parsed address counts.
    return next.startsWith('/') && url.origin === here ? url.pathname + url.search + url.hash : '/';
  } catch {
    return '/';
  }
}
