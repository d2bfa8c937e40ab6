import { useCallback, useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from 'react';

const NEAR_PX = 80;

/**
 * Keep a conversation at its end while it grows, but only if the user is there, and keep the place when earlier
 * messages arrive above it. `first` is the ID of the first message, `onTop` loads earlier ones.
 */
export function useScroll(first: string | null, onTop: () => void) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const follows = useRef(true);
  const before = useRef({ first, height: 0, top: 0 });
  const reachTop = useEffectEvent(onTop);

  const toEnd = useCallback(() => {
    follows.current = true;
    setAtEnd(true);
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, []);

  /** Stop following the end, because the user is led to another place. */
  const release = useCallback(() => {
    follows.current = false;
  }, []);

  useEffect(() => {
    const [outer, inner] = [box.current, content.current];
    if (outer === null || inner === null) return;
    const scrolled = () => {
      const isEnd = outer.scrollHeight - outer.scrollTop - outer.clientHeight < NEAR_PX;
      follows.current = isEnd;
      setAtEnd(isEnd);
      before.current.top = outer.scrollTop;
      before.current.height = outer.scrollHeight;
      if (outer.scrollTop < 400) reachTop();
    };
    const grown = new ResizeObserver(() => {
      if (follows.current) outer.scrollTop = outer.scrollHeight;
      before.current.height = outer.scrollHeight;
      before.current.top = outer.scrollTop;
    });
    grown.observe(inner);
    grown.observe(outer);
    outer.addEventListener('scroll', scrolled, { passive: true });
    return () => {
      grown.disconnect();
      outer.removeEventListener('scroll', scrolled);
    };
  }, []);

  useLayoutEffect(() => {
    const outer = box.current;
    const old = before.current;
    if (outer === null || old.first === first) return;
    if (old.first !== null && !follows.current) outer.scrollTop = old.top + outer.scrollHeight - old.height;
    before.current = { first, height: outer.scrollHeight, top: outer.scrollTop };
  }, [first]);

  return { box, content, isAtEnd, toEnd, release };
}
