import { nanoid } from '@reduxjs/toolkit';
import { useRef } from 'react';

/** Return an idempotency key for a request: the same one for the same request of this form, so that it takes effect once. */
export function useKey(): (request: unknown) => string {
  const last = useRef({ request: '', key: '' });
  return (request) => {
    const text = JSON.stringify(request);
    if (last.current.request !== text) last.current = { request: text, key: nanoid() };
    return last.current.key;
  };
}
