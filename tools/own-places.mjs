/**
 * For esbuild: modules that find files by their own place (`import.meta.url`) are told the place of their unbundled selves, seen
 * from the folder of the bundle.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** `folder`: where the bundle is written; its text has to have `__dirname`. */
export const ownPlaces = (folder) => ({
  name: 'own places',
  setup(build) {
    build.onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
      const place = JSON.stringify(relative(folder, path));
      const url = `require('node:url').pathToFileURL(require('node:path').join(__dirname, ${place})).href`;
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', url), loader: 'js' };
    });
  },
});
