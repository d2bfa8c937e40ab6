/** Uploads with progress. */
import { SESSION_HEADERS } from './base';

type Answer = { status: number; data: unknown };

/** Upload a file. Unlike fetch, XMLHttpRequest tells how much of it has been sent. */
export function sendFile(file: File, onShare: (share: number) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/api/v1/files');
    for (const [name, value] of Object.entries(SESSION_HEADERS)) request.setRequestHeader(name, value);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => onShare(total > 0 ? loaded / total : 0);
    request.onload = () => resolve({ status: request.status, data: request.response });
    request.onerror = () => reject(new Error('lost'));
    const body = new FormData();
    body.append('file', file);
    request.send(body);
  });
}
