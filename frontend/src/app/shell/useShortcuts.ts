import { useEffect, useEffectEvent, useRef } from 'react';
import { useNavigate } from 'react-router';
import { useIsAdmin } from '../session/useMe';
import { placesOf } from './places';

type Actions = { onPalette: () => void; onHelp: () => void };

/** How long after `g` the second key counts. */
const CHORD_MS = 1500;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Keys that work on every page: Ctrl+K, ?, n, and g followed by a place's key. */
export function useShortcuts({ onPalette, onHelp }: Actions): void {
  const navigate = useNavigate();
  const places = placesOf(useIsAdmin());
  const chord = useRef(-Infinity);
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onPalette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector('[role="dialog"]')) return;
    const inChord = event.timeStamp - chord.current < CHORD_MS;
    chord.current = event.key === 'g' ? event.timeStamp : -Infinity;
    if (inChord) {
      const place = places.find(({ key }) => key === event.key);
      if (place) void navigate(place.to);
    } else if (event.key === '?') onHelp();
    else if (event.key === 'n') void navigate('/tasks/new');
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => press(event);
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, []);
}
