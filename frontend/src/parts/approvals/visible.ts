/** Characters that could make a call look like another one, as escapes. */

// Controls except tab and line feed, soft hyphens, zero-width and bidirectional marks, variation selectors, odd spaces,
// fillers, lone surrogates and tag characters.
const HIDDEN =
  // eslint-disable-next-line no-control-regex, no-misleading-character-class -- these are the characters to show
  /[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\p{Cs}\p{Co}\u{e0000}-\u{e0fff}]/gu;

/** Return the text with hidden characters as escapes such as `\u202e`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Return a value as indented JSON in which every character can be seen. */
export function visibleJson(value: unknown): string {
  return visible(JSON.stringify(value, null, 2) ?? '');
}

/** Whether a value contains characters that `visible` would escape. */
export function hides(value: unknown): boolean {
  const text = JSON.stringify(value, null, 2) ?? '';
  // JSON.stringify has escaped the controls below a space already.
  return visible(text) !== text || /\\u00[01]\d|\\u00[01][a-f]|\\u[d][89a-f]/i.test(text);
}

/** Return the name of the MCP server in a tool's name, or undefined for a built-in tool. */
export function serverOf(tool: string): string | undefined {
  return /^(.+?)(?:__|\.|\/)/.exec(tool)?.[1];
}
