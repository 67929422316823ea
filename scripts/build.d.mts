// Types of build.mjs for the tests that start the built product.
export declare const root: string
export declare const programs: Record<string, string>
export declare function buildMissing(options?: { pages?: boolean }): Promise<void>
/** What programs say that are started without arguments. */
export declare const refusals: Record<'runner' | 'box', string>
/** Rejects unless the program at `base` ends with these words when it is started without arguments. */
export declare function keepCompiled(base: string, refusal: string): Promise<void>
