/**
 * @typedef {object} Own
 * @property {boolean} [failOpen] while Redis is unreachable, reads of `cache` miss and writes are not stored, which is logged;
 *   everything else, also an invalidation, rejects with Away. By default true
 * @property {(error: Error) => void} [log] by default console.error
 */
/**
 * The commands of redis-assess over a client of node-redis (client, pool or cluster) or ioredis.
 *
 * @template {import('./connection.mjs').AnyClient} [C=any]
 */
export class Assess<C extends import("./connection.mjs").AnyClient = any> {
    /**
     * @param {C | Connection} client a client, connected
     * @param {Own & { near?: number }} [options]
     */
    constructor(client: C | Connection, { failOpen, log, near }?: Own & {
        near?: number;
    });
    /** The client: commands of Redis and of other modules. @type {C} */
    client: C;
    cache: Cache;
    tiers: Tiers;
    cached: <A extends unknown[], R>(prefix: string, compute: (this: any, ...args: A) => R | Promise<R>, { selfKey, ...options }?: import("./caching.mjs").Computing & {
        selfKey?: (self: any) => unknown;
    }) => (this: any, ...args: A) => Promise<R>;
    cacheInvalidate: <A extends unknown[], R>(pattern: string | string[] | ((this: any, ...args: A) => string | string[]), change: (this: any, ...args: A) => R | Promise<R>) => (this: any, ...args: A) => Promise<R>;
    invalidate: (...patterns: string[]) => Promise<number>;
    /** An input-output model. @param {string} key */
    io(key: string): IoModel;
    /** A score model. @param {string} key */
    score(key: string): ScoreModel;
    /** A rules-of-origin model. @param {string} key */
    origin(key: string): OriginModel;
    /** A queue of jobs. @param {string} key */
    queue(key: string): Queue;
    /** The keys that hold models, or are being loaded. @param {string} [pattern] @returns {Promise<string[]>} */
    models(pattern?: string): Promise<string[]>;
    /**
     * The reply of any command, as the client gives it, with doubles as texts. Errors have their codes.
     *
     * @param {import('./words.mjs').Value[]} words
     * @param {import('./connection.mjs').Sending} [sending]
     * @returns {Promise<any>}
     */
    command(words: import("./words.mjs").Value[], sending?: import("./connection.mjs").Sending): Promise<any>;
    /** Closes the connections that were opened here, after the replies of commands in flight; waits at most a second. */
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
    #private;
}
export function connect({ failOpen, log, near, url, ...options }?: Own & {
    url?: string;
    near?: number;
} & Record<string, any>): Promise<Assess<import("redis").RedisClientType>>;
export type Own = {
    /**
     * while Redis is unreachable, reads of `cache` miss and writes are not stored, which is logged;
     * everything else, also an invalidation, rejects with Away. By default true
     */
    failOpen?: boolean | undefined;
    /**
     * by default console.error
     */
    log?: ((error: Error) => void) | undefined;
};
import { Cache } from './cache.mjs';
import { Tiers } from './tiers.mjs';
import { IoModel } from './io.mjs';
import { ScoreModel } from './score.mjs';
import { OriginModel } from './origin.mjs';
import { Queue } from './queue.mjs';
import { Connection } from './connection.mjs';
