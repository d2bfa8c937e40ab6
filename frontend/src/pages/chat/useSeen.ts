import { type RefObject, useEffect, useRef, useState } from 'react';

/** Return whether an element has come near the visible part, and the ref for it. Once true, it stays true. */
export function useSeen(): readonly [boolean, RefObject<HTMLDivElement | null>] {
  const ref = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(typeof IntersectionObserver === 'undefined');
  useEffect(() => {
    if (seen || ref.current === null) return;
    const observer = new IntersectionObserver((entries) => entries.some((each) => each.isIntersecting) && setSeen(true), { rootMargin: '300px' });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [seen]);
  return [seen, ref];
}
