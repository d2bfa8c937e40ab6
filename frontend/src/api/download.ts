/** Downloads: the API's answer becomes a file in the browser. */
import { fetchWithSession } from './base';
import { problemOf } from './problems';

/** Save what the API answers to GET `path` as a file. Throws an Error with the API's explanation. */
export async function download(path: string, fallbackName: string): Promise<void> {
  const response = await fetchWithSession(path);
  if (!response.ok) throw await failureOf(response);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = nameIn(response.headers.get('content-disposition')) ?? fallbackName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Return an address of a file's content for this page, such as for an image. Revoke it when it isn't shown anymore. */
export async function objectUrl(path: string): Promise<string> {
  const response = await fetchWithSession(path);
  if (!response.ok) throw await failureOf(response);
  return URL.createObjectURL(await response.blob());
}

async function failureOf(response: Response): Promise<Error> {
  const data: unknown = await response.json().catch(() => undefined);
  return new Error(problemOf({ data })?.detail ?? `HTTP ${response.status}`);
}

function nameIn(disposition: string | null): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '')?.[1];
  if (encoded !== undefined) return decodeURIComponent(encoded);
  return /filename="([^"]+)"/i.exec(disposition ?? '')?.[1];
}
