// Types of parts.mjs for the tests.
export declare function hasProgram(name: string): boolean
export declare function missingParts(): Array<{ name: string; tests: string }>
