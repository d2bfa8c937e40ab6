/** The `ETag` of what was last loaded from each address, for changes that must not overwrite those of others. */
const etags = new Map<string, string>();

export function rememberEtag(path: string, headers: Headers | undefined): void {
  const etag = headers?.get('etag');
  if (etag) etags.set(path, etag);
}

/** Return the `ETag` of what was last loaded from an address such as `/api/v1/schedules/ID`. */
export function etagOf(path: string): string | undefined {
  return etags.get(path);
}
