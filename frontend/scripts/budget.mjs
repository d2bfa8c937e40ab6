// Compresses the built assets and fails if a visit would load more than the budget allows.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const FIRST_LOAD_KB = 220;
const LAZY_ROUTE_KB = 180;
const folder = new URL('../../api/console/', import.meta.url).pathname;
const sizes = new Map();

for (const name of readdirSync(join(folder, 'assets'))) {
  const path = join(folder, 'assets', name);
  const packed = gzipSync(readFileSync(path), { level: 9 });
  sizes.set(`assets/${name}`, packed.length);
  writeFileSync(`${path}.gz`, packed);
}

const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8'));

/** The files that an entry loads before it can be shown, without those in `without`. */
function filesOf(key, without = new Set(), found = new Set()) {
  const entry = manifest[key];
  for (const file of [entry.file, ...(entry.css ?? [])]) if (!without.has(file)) found.add(file);
  for (const other of entry.imports ?? []) if (!found.has(manifest[other].file)) filesOf(other, without, found);
  return found;
}

const total = (files) => [...files].reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
const kb = (bytes) => (bytes / 1000).toFixed(1);
const first = filesOf('index.html');
const routes = Object.entries(manifest)
  .filter(([, entry]) => entry.isDynamicEntry)
  .map(([key]) => [key, total(filesOf(key, first))])
  .sort((a, b) => b[1] - a[1]);

console.log(`First load: ${kb(total(first))} kB gzip (budget ${FIRST_LOAD_KB})`);
for (const [key, bytes] of routes.slice(0, 8)) console.log(`  ${key}: ${kb(bytes)} kB`);

const broken = routes.filter(([, bytes]) => bytes > LAZY_ROUTE_KB * 1000).map(([key]) => key);
if (total(first) > FIRST_LOAD_KB * 1000) broken.unshift('the first load');
if (broken.length > 0) {
  console.error(`Over the budget: ${broken.join(', ')}. Load what only some visits need with import().`);
  process.exit(1);
}
