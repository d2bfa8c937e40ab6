/** Downloads: the API's answer becomes a file in the browser. */
import { fetchWithSession } from './base';
import { problemOf } from './problems';

/** Save what the API answers to GET `path` as a file. Throws an Error with the API's explanation. */
export async function download(path: string, fallbackName: string): Promise<void> {
  const response = await fetchWithSession(path);
  if (!response.ok) throw await failureOf(response);
  save(await response.blob(), nameIn(response.headers.get('content-disposition')) ?? fallbackName);
}

/** Save a text that the page already has as a file. */
export function saveText(text: string, name: string): void {
  save(new Blob([text], { type: 'text/plain;charset=utf-8' }), name);
}

/** Return the path of a file's content, for `download`, `objectUrl` and `textOf`. */
export function contentOf(fileId: string): string {
  return `/api/v1/files/${encodeURIComponent(fileId)}/content`;
}

/** Return what the API answers to GET `path` as a text. Throws an Error with the API's explanation. */
export async function textOf(path: string): Promise<string> {
  const response = await fetchWithSession(path);
  if (!response.ok) throw await failureOf(response);
  return response.text();
}

function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
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
