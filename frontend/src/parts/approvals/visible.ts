/** Shows arguments exactly as they are, by the same rules as the command line: what hides or poses as something else is escaped. */

/** Control and format characters, those without a shape, and spaces that aren't plain ones. */
const UNSEEN = /^(?:[\p{C}\p{Zl}\p{Zp}]|(?! )\s)$/u;
/** Combining marks after the second one in a row: no orthography needs them, and they can cover other lines. */
const PILE = /([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{2})([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+)/g;
/** Cyrillic and Greek letters that most fonts draw like Latin ones. A word of nothing else may be a disguise. */
const LOOK_ALIKES = new Set('аеорсухіјѕһԁԛԝνοαικρτυхАВЕЅІЈКМНОРСТУХЗΑΒΕΖΗΙΚΜΝΟΡΤΥΧ');
const WORD = /[\p{L}\p{N}\p{M}_]+/gu;
const ASCII = /^[\x20-\x7e\n]*$/;

function escape(text: string): string {
  return Array.from({ length: text.length }, (_, place) => `\\u${text.charCodeAt(place).toString(16).padStart(4, '0')}`).join('');
}

function isHidden(character: string): boolean {
  if (ASCII.test(character)) return false;
  if (UNSEEN.test(character)) return true;
  // Letters with a special form, such as full-width or mathematical ones.
  const normal = character.normalize('NFKC');
  return normal !== character && ASCII.test(normal);
}

function withoutDisguise(word: string): string {
  const letters = [...word].filter((character) => /\p{L}/u.test(character));
  const others = letters.filter((character) => !/\p{Script=Latin}/u.test(character));
  if (others.length === letters.length && !others.every((character) => LOOK_ALIKES.has(character))) return word;
  return word.replace(/\p{L}/gu, (letter) => (/\p{Script=Latin}/u.test(letter) ? letter : escape(letter)));
}

/** Return the text with escapes such as `\u202e` for all characters that are invisible or look like others. */
export function visible(text: string): string {
  if (ASCII.test(text)) return text;
  const plain = text.replace(PILE, (_, kept: string, rest: string) => kept + escape(rest)).replace(WORD, withoutDisguise);
  return Array.from(plain, (character) => (isHidden(character) ? escape(character) : character)).join('');
}

/** Return a value as indented JSON in which every character can be seen. */
export function visibleJson(value: unknown): string {
  return visible(JSON.stringify(value, null, 2));
}

/** Whether a value contains characters that can't be seen or look like others. */
export function hides(value: unknown): boolean {
  const text = JSON.stringify(value, null, 2);
  // JSON itself escapes control characters.
  return visible(text) !== text || /(^|[^\\])(\\\\)*\\u/.test(text);
}
