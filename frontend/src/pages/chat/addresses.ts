/** Addresses that are downloaded, so that no generated endpoint knows them. */

export function contentOf(fileId: string): string {
  return `/api/v1/files/${encodeURIComponent(fileId)}/content`;
}

export function exportOf(sessionId: string, format: 'markdown' | 'json', branches: 'active' | 'all' = 'active'): string {
  return `/api/v1/chat/sessions/${encodeURIComponent(sessionId)}/export?format=${format}&branches=${branches}`;
}
