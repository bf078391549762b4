export function caching(connection: import("./connection.mjs").Connection, opensByDefault?: boolean): {
    cached: <A extends unknown[], R>(prefix: string, compute: (this: any, ...args: A) => R | Promise<R>, { selfKey, ...options }?: import("./caching.mjs").Computing & {
        selfKey?: (self: any) => unknown;
    }) => (this: any, ...args: A) => Promise<R>;
    cacheInvalidate: <A extends unknown[], R>(pattern: string | string[] | ((this: any, ...args: A) => string | string[]), change: (this: any, ...args: A) => R | Promise<R>) => (this: any, ...args: A) => Promise<R>;
    getOrCompute: (key: string, compute: () => unknown, options?: import("./caching.mjs").Computing & {
        tags?: string[];
    }) => Promise<string>;
    invalidate: (...patterns: string[]) => Promise<number>;
};
export function keyOf(prefix: string, args: unknown[]): string;
export function part(value: unknown): string;
export type Word = import("./words.mjs").Word;
export type Computing = {
    /**
     * time to live in seconds; by default that of the key's tier
     */
    ttl?: number | undefined;
    /**
     * milliseconds after which another caller computes the value; must be longer than the computation.
     * By default that of the tier
     */
    leaseMs?: number | undefined;
    /**
     * while Redis is unreachable, compute without the cache and log it; `false` rejects. By
     * default true, or that of `connect`
     */
    failOpen?: boolean | undefined;
};
