// What tests and the pages' build take of chosen-features.mjs.
import type { Plugin as EsbuildPlugin } from 'esbuild'
import type { Plugin } from 'vite'

export const inEsbuild: EsbuildPlugin
export const inVite: Plugin
