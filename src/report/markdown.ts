/** A table of GitHub's Markdown; cells are text, not Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return (
    line(head.map(markdownText)) + line(head.map(() => '---')) + rows.map((row) => line(row.map(markdownText))).join('')
  )
}

/** Text that stays what it is: nothing in it is a link, an element, an emphasis or the end of a cell. */
export function markdownText(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_[\]<>|~#&]/g, (letter) => `\\${letter}`)
}
