/** Texts: English, ready for translation. A page's namespace is registered when the page is loaded. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { common } from '../words/common';
import { shell } from '../words/shell';

export const words = i18next.createInstance();

void words.use(initReactI18next).init({
  lng: 'en',
  fallbackLng: 'en',
  defaultNS: 'common',
  resources: { en: { common, shell } },
  interpolation: { escapeValue: false },
  returnNull: false,
  initAsync: false,
});

type Texts = { readonly [name: string]: string | Texts };

/** Register a page's English texts. Call it at the top of the page's main file. */
export function addWords(namespace: string, texts: Texts): void {
  if (!words.hasResourceBundle('en', namespace)) words.addResourceBundle('en', namespace, texts);
}
