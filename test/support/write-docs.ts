import { writeFileSync } from 'node:fs'
import { generatedPages } from './generated-pages.js'

for (const { path, text } of generatedPages()) writeFileSync(path, text)
