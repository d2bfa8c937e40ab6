/** A WebSocket that connects again by itself. Loaded when it's first needed, not with the first page. */

/** What the line tells its owner. `address` is asked before each connection; if it fails, it's asked again later. */
export type Ends = {
  address: () => Promise<string>;
  onOpen: () => void;
  onText: (text: string) => void;
  onClose: (code: number, reason: string) => void;
};
export type Line = { send: (text: string) => void; close: () => void; reconnect: () => void };

const LONGEST_MS = 20_000;
const TIMEOUT_MS = 10_000;

/** Connect, with random pauses so that not every client returns at the same moment after a restart. */
export async function connect(ends: Ends): Promise<Line> {
  const { default: Reconnecting } = await import('partysocket/ws');
  const socket = new Reconnecting(ends.address, null, {
    minReconnectionDelay: 500 + Math.random() * 1500,
    maxReconnectionDelay: LONGEST_MS,
    reconnectionDelayGrowFactor: 1.6,
    connectionTimeout: TIMEOUT_MS,
    // What was written to a lost connection is written anew, after the sign-in.
    maxEnqueuedMessages: 0,
  });
  socket.addEventListener('open', ends.onOpen);
  socket.addEventListener('message', (event) => ends.onText(String(event.data)));
  socket.addEventListener('close', (event) => ends.onClose(event.code, event.reason));
  return { send: (text) => void socket.send(text), close: () => socket.close(), reconnect: () => socket.reconnect() };
}
