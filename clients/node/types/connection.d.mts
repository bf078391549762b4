/** @typedef {import('./words.mjs').Word} Word */
/**
 * @typedef {object} NodeRedis a client or a pool of node-redis
 * @property {(words: any, options?: any) => Promise<any>} sendCommand
 *
 * @typedef {object} NodeRedisCluster a cluster client of node-redis
 * @property {(key: any, isReadonly: any, words: any, options?: any) => Promise<any>} sendCommand
 * @property {Function} nodeClient
 *
 * @typedef {object} IoRedis a client or a cluster client of ioredis
 * @property {(command: string, ...words: any[]) => Promise<any>} call
 * @property {(command: string, ...words: any[]) => Promise<any>} callBuffer
 *
 * @typedef {NodeRedis | NodeRedisCluster | IoRedis} AnyClient
 */
/**
 * @typedef {object} Sending
 * @property {Word} [key] the key that says which node of a cluster gets the command
 * @property {boolean} [readonly] a replica may answer
 * @property {boolean} [bytes] texts of the reply are Buffers; doubles are texts in each case
 * @property {number} [waitMs] the command blocks for so long: it is sent on a connection of its own
 *
 * @typedef {(words: Word[], sending?: Sending) => Promise<any>} Send
 */
/** @typedef {(error: Error) => void} Log */
/** @type {Log} */
export const logged: Log;
/** A client, and a pool of connections for the commands that block. */
export class Connection {
    /**
     * Connects. Commands fail immediately while there is no connection; connections are restored automatically.
     *
     * @param {object} [options] those of createClient
     * @param {{ log?: Log, pool?: object }} [own] `pool`: options of the blocking connections, where they differ
     */
    static open(options?: object, { log, pool: poolOptions }?: {
        log?: Log;
        pool?: object;
    }): Connection;
    /**
     * @param {any} client
     * @param {object} [options]
     * @param {any} [options.pool] for blocking commands; by default a pool of the client's kind, made when it is needed
     * @param {Promise<unknown>} [options.connected] settles when commands may be sent
     * @param {Log} [options.log]
     * @param {boolean} [options.owned] `close` closes the client too
     */
    constructor(client: any, { pool, connected, log, owned }?: {
        pool?: any;
        connected?: Promise<unknown> | undefined;
        log?: Log | undefined;
        owned?: boolean | undefined;
    });
    /**
     * Milliseconds after which Redis counts as unreachable: without a connection at the first call, and without a reply at
     * any call. The limit for replies must be longer than the longest WAIT, which is 2 seconds unless a tier sets another.
     */
    patience: {
        connection: number;
        reply: number;
    };
    client: any;
    owned: boolean;
    /** Of a cluster; ioredis names it so too. */
    isCluster: boolean;
    connected: Promise<unknown>;
    log: Log;
    /**
     * The reply of a command. Rejects with AssessError when the server refuses it, with Away when the server was not reached
     * or did not reply.
     *
     * @type {Send}
     */
    send: Send;
    /**
     * Calls a function with a connection that it has to itself, as `own(words)`.
     *
     * @template T
     * @param {(own: (words: Word[]) => Promise<any>) => Promise<T>} use
     * @returns {Promise<T>}
     */
    exclusive<T>(use: (own: (words: Word[]) => Promise<any>) => Promise<T>): Promise<T>;
    /** Closes what it has opened, after the replies of commands in flight; waits at most patience.connection. */
    close(): Promise<void>;
    /** Closes what it has opened, without waiting for anything. */
    abort(): void;
    /** The pool for blocking commands. It is undefined for clusters and ioredis, whose clients then block. */
    waiting(): Promise<any>;
    /** @param {Promise<any>} replying @param {number} [waitMs] how long the server may wait before it replies */
    within(replying: Promise<any>, waitMs?: number): Promise<any>;
    #private;
}
export function within<T, L>(ms: number, promise: Promise<T>, late: () => L): Promise<T | L>;
export type Word = import("./words.mjs").Word;
/**
 * a client or a pool of node-redis
 */
export type NodeRedis = {
    sendCommand: (words: any, options?: any) => Promise<any>;
};
/**
 * a cluster client of node-redis
 */
export type NodeRedisCluster = {
    sendCommand: (key: any, isReadonly: any, words: any, options?: any) => Promise<any>;
    nodeClient: Function;
};
/**
 * a client or a cluster client of ioredis
 */
export type IoRedis = {
    call: (command: string, ...words: any[]) => Promise<any>;
    callBuffer: (command: string, ...words: any[]) => Promise<any>;
};
export type AnyClient = NodeRedis | NodeRedisCluster | IoRedis;
export type Sending = {
    /**
     * the key that says which node of a cluster gets the command
     */
    key?: import("./words.mjs").Word | undefined;
    /**
     * a replica may answer
     */
    readonly?: boolean | undefined;
    /**
     * texts of the reply are Buffers; doubles are texts in each case
     */
    bytes?: boolean | undefined;
    /**
     * the command blocks for so long: it is sent on a connection of its own
     */
    waitMs?: number | undefined;
};
export type Send = (words: Word[], sending?: Sending) => Promise<any>;
export type Log = (error: Error) => void;
