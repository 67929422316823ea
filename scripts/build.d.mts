// Types of build.mjs for the tests that start the built product.
export declare const root: string
export declare const programs: Record<string, string>
export declare function buildMissing(options?: { pages?: boolean }): Promise<void>
