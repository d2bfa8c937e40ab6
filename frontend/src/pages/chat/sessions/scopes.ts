export const SCOPES = ['mine', 'archived', 'shared'] as const;
export type Scope = (typeof SCOPES)[number];
