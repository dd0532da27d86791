import { extname } from 'node:path'

/**
 * Where the program's files lie. From source, compiled file by file and bundled, this module is one folder below the
 * program's root, which is one below the package's (scripts/bundle.mjs keeps it so); nothing else asks where it lies itself.
 */

/** What a process or a thread of this program starts with: `cli/main`, without its extension. */
export function programFile(name: string): URL {
  // From sources in the tests, compiled in what ships.
  return new URL(`../${name}${extname(import.meta.url)}`, import.meta.url)
}

/** What ships beside the program: `examples/policies`, `package.json`. */
export function packageFile(path: string): URL {
  return new URL(`../../${path}`, import.meta.url)
}
