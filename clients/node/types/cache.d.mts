/** The statistics that are texts in RESP2. */
export const statistics: {
    [k: string]: (reply: unknown) => number;
};
export class Cache {
    /**
     * @param {import('./connection.mjs').Connection} connection
     * @param {object} options
     * @param {boolean} options.failOpen
     * @param {ReturnType<import('./caching.mjs').caching>['getOrCompute']} options.getOrCompute
     * @param {(key: string) => Promise<string | null | undefined>} [options.near]
     */
    constructor(connection: import("./connection.mjs").Connection, { failOpen, getOrCompute, near }: {
        failOpen: boolean;
        getOrCompute: ReturnType<(connection: import("./connection.mjs").Connection, opensByDefault?: boolean) => {
            cached: <A extends unknown[], R>(prefix: string, compute: (this: any, ...args: A) => R | Promise<R>, { selfKey, ...options }?: import("./caching.mjs").Computing & {
                selfKey?: (self: any) => unknown;
            }) => (this: any, ...args: A) => Promise<R>;
            cacheInvalidate: <A extends unknown[], R>(pattern: string | string[] | ((this: any, ...args: A) => string | string[]), change: (this: any, ...args: A) => R | Promise<R>) => (this: any, ...args: A) => Promise<R>;
            getOrCompute: (key: string, compute: () => unknown, options?: import("./caching.mjs").Computing & {
                tags?: string[];
            }) => Promise<string>;
            invalidate: (...patterns: string[]) => Promise<number>;
        }>["getOrCompute"];
        near?: ((key: string) => Promise<string | null | undefined>) | undefined;
    });
    /**
     * The value of an entry if it is fresh, else null. With `near` of `connect`, a text is answered from the process.
     *
     * @overload
     * @param {string} key
     * @param {{ stale?: boolean, bytes?: false }} [options] stale: values in their grace too
     * @returns {Promise<string | null>}
     *
     * @overload
     * @param {string} key
     * @param {{ stale?: boolean, bytes: true }} options
     * @returns {Promise<Buffer | null>}
     *
     * @param {string} key
     * @param {{ stale?: boolean, bytes?: boolean }} [options]
     * @returns {Promise<any>}
     */
    get(key: string, options?: {
        stale?: boolean;
        bytes?: false;
    } | undefined): Promise<string | null>;
    /**
     * The value of an entry if it is fresh, else null. With `near` of `connect`, a text is answered from the process.
     *
     * @overload
     * @param {string} key
     * @param {{ stale?: boolean, bytes?: false }} [options] stale: values in their grace too
     * @returns {Promise<string | null>}
     *
     * @overload
     * @param {string} key
     * @param {{ stale?: boolean, bytes: true }} options
     * @returns {Promise<Buffer | null>}
     *
     * @param {string} key
     * @param {{ stale?: boolean, bytes?: boolean }} [options]
     * @returns {Promise<any>}
     */
    get(key: string, options: {
        stale?: boolean;
        bytes: true;
    }): Promise<Buffer | null>;
    /** The fresh values of several entries, null for the others. @param {string[]} keys @returns {Promise<(string | null)[]>} */
    mget(keys: string[]): Promise<(string | null)[]>;
    /**
     * Stores an entry; false when `onlyIf` prevented it.
     *
     * @param {string} key
     * @param {unknown} value bytes and text unchanged, any other value as JSON
     * @param {Stored & { onlyIf?: 'absent' | 'present' }} [options]
     * @returns {Promise<boolean>}
     */
    set(key: string, value: unknown, options?: Stored & {
        onlyIf?: "absent" | "present";
    }): Promise<boolean>;
    /**
     * Stores several entries with the same options.
     *
     * @param {Record<string, unknown>} entries
     * @param {Stored} [options]
     * @returns {Promise<boolean>}
     */
    mset(entries: Record<string, unknown>, options?: Stored): Promise<boolean>;
    /**
     * An entry, or a lease to compute it. Other clients wait, so that it is computed once. `getOrCompute` and
     * `Assess.cached` do all of it, and keep the connection of the lease: here the next caller may get it, whose fetch of the
     * key is then `busy`.
     *
     * @param {string} key
     * @param {{ leaseMs?: number, waitMs?: number, noStale?: boolean, bytes?: boolean }} [options]
     * @returns {Promise<Fetched>}
     */
    fetch(key: string, { bytes, ...options }?: {
        leaseMs?: number;
        waitMs?: number;
        noStale?: boolean;
        bytes?: boolean;
    }): Promise<Fetched>;
    /**
     * Stores the value that a lease was granted for. False: the lease is over, the value is not stored.
     *
     * @param {string} key
     * @param {string} token
     * @param {unknown} value
     * @param {Stored} [options]
     */
    fill(key: string, token: string, value: unknown, options?: Stored): Promise<boolean>;
    /** Ends a lease because the computation failed. @param {string} key @param {string} token @param {string} [reason] */
    abandon(key: string, token: string, reason?: string): Promise<boolean>;
    /** Extends a lease. @param {string} key @param {string} token @param {number} ms */
    renew(key: string, token: string, ms: number): Promise<boolean>;
    /**
     * The value of an entry, or the one that is computed and stored: once, for all callers of all processes.
     *
     * @param {string} key
     * @param {() => unknown} compute text and bytes are stored unchanged, any other value as JSON
     * @param {{ ttl?: number, tags?: string[], leaseMs?: number }} [options] leaseMs: longer than the computation takes
     * @returns {Promise<string>}
     */
    getOrCompute(key: string, compute: () => unknown, options?: {
        ttl?: number;
        tags?: string[];
        leaseMs?: number;
    }): Promise<string>;
    /**
     * Invalidates entries; gives their number. Computations in flight are not stored. In a cluster: on every master.
     *
     * @param {string | string[] | Invalidation} what patterns, or an object
     * @returns {Promise<number>}
     */
    invalidate(what: string | string[] | Invalidation): Promise<number>;
    /** The remaining time to live of an entry, its tier, lease, tags and size: docs/commands/cache.ttl.md. @param {string} key */
    ttl(key: string): Promise<Record<string, any>>;
    /** The statistics of a tier, or of all; in a cluster of all masters: docs/commands/cache.stats.md. @param {string} [tier] */
    stats(tier?: string): Promise<Record<string, any>>;
    /** Sets the counters to zero. */
    resetStats(): Promise<void>;
    /** The checks of the server; in a cluster of all masters. @returns {Promise<{ ok: boolean, checks: string[] }>} */
    health(): Promise<{
        ok: boolean;
        checks: string[];
    }>;
    /**
     * The most requested keys of a tier, with their counts.
     *
     * @param {string} tier
     * @param {number} [n]
     * @returns {Promise<[key: string, count: number][]>}
     */
    hot(tier: string, n?: number): Promise<[key: string, count: number][]>;
    #private;
}
export type Word = import("./words.mjs").Word;
/**
 * persist: the entry never expires; tags: names for `invalidate`
 */
export type Stored = import("./words.mjs").Life & {
    persist?: boolean;
    tags?: string[];
};
/**
 * docs/commands/cache.fetch.md
 */
export type Fetched = {
    state: "hit" | "stale";
    value: any;
} | {
    state: "refresh";
    value: any;
    token: string;
    leaseMs: number;
    isStale: boolean;
} | {
    state: "lease";
    token: string;
    leaseMs: number;
} | {
    state: "negative";
    reason: string;
} | {
    state: "busy" | "timeout";
};
/**
 * entries that any of these covers
 */
export type Invalidation = {
    keys?: string | string[] | undefined;
    patterns?: string | string[] | undefined;
    tags?: string | string[] | undefined;
    tiers?: string | string[] | undefined;
    /**
     * the assessments of these models
     */
    models?: string | string[] | undefined;
    /**
     * every entry of every tier
     */
    all?: boolean | undefined;
    /**
     * of the tags
     */
    match?: "any" | "all" | undefined;
    /**
     * entries become stale; values stay for the grace of the tier
     */
    soft?: boolean | undefined;
    /**
     * do not wait for the deletion; the count is then 0
     */
    async?: boolean | undefined;
    /**
     * also keys in no tier, of any type: the server scans its keyspace
     */
    allKeys?: boolean | undefined;
};
