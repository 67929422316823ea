// Types of dev.mjs.
export declare function develop(args: string[]): Promise<void>
