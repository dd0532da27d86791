// Whoever passes libraries on passes their licenses on with them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of the libraries whose files were bundled: the license files of each, or what its sources say where it has none. */
export function licensesOf(files, root) {
  const libraries = Map.groupBy(
    files.filter((file) => file.includes('node_modules/')),
    (file) => file.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)[0],
  )
  const entries = [...libraries]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([folder, itsFiles]) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
      const named = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
      const texts = named.sort().map((file) => readFileSync(join(root, folder, file), 'utf8').trim())
      const told = texts.length > 0 ? texts : noticesIn(itsFiles.map((file) => readFileSync(join(root, file), 'utf8')))
      return [`${name} ${version} (${license})`, ...told].join('\n\n')
    })
  return `What this program holds of other projects, and under which terms.\n\n${entries.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

/** The comments at the beginning of files that name a holder of rights, each once. */
function noticesIn(sources) {
  const first = sources.map((source) =>
    source.match(/^(?:#!.*\n|"use strict";?\n)*((?:\/\/.*\n)+|\/\*[\s\S]*?\*\/)/)?.[1].trim(),
  )
  return [...new Set(first.filter((comment) => comment?.includes('Copyright')))]
}
