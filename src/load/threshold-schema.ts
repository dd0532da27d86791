import { z } from 'zod'
import { AppError } from '../base/errors.js'
import { parseThreshold } from './threshold.js'

/** A threshold as files have it: a mistake in it has its place there. */
export const threshold = z.string().superRefine((text, context) => {
  try {
    parseThreshold(text)
  } catch (thrown) {
    context.addIssue({ code: 'custom', message: AppError.from(thrown).message })
  }
})
