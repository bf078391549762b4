/** Connections: commands that fail fast, and blocking commands on connections of their own. */

import { setTimeout as pause } from 'node:timers/promises';
import { RESP_TYPES, createClient, createClientPool } from 'redis';
import { Away, asError } from './errors.mjs';

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
export const logged = (error) => console.error('redis:', error.message || error);

// node-redis adds up the digits of a double of RESP3, with rounding errors in the last places: Number reads its text exactly.
const exact = { typeMapping: { [RESP_TYPES.DOUBLE]: String } };
const exactBytes = { typeMapping: { ...exact.typeMapping, [RESP_TYPES.BLOB_STRING]: Buffer } };

const patience = { connection: 1000, reply: 10_000 };

/** A client, and a pool of connections for the commands that block. */
export class Connection {
  /** @type {any} */
  #pool;
  /** @type {(words: Word[], sending: Sending, blocks: boolean) => Promise<any>} */
  #transport;

  /**
   * Milliseconds after which Redis counts as unreachable: without a connection at the first call, and without a reply at
   * any call. The limit for replies must be longer than the longest WAIT, which is 2 seconds unless a tier sets another.
   */
  patience = { ...patience };

  /**
   * @param {any} client
   * @param {object} [options]
   * @param {any} [options.pool] for blocking commands; by default a pool of the client's kind, made when it is needed
   * @param {Promise<unknown>} [options.connected] settles when commands may be sent
   * @param {Log} [options.log]
   * @param {boolean} [options.owned] `close` closes the client too
   */
  constructor(client, { pool, connected = Promise.resolve(), log = logged, owned = false } = {}) {
    this.client = client;
    this.owned = owned;
    /** Of a cluster; ioredis names it so too. */
    this.isCluster = typeof client.nodeClient === 'function' || client.isCluster === true;
    this.connected = connected;
    this.log = log;
    this.#pool = pool;
    this.#transport = transportOf(client, () => this.waiting());
  }

  /**
   * Connects. Commands fail immediately while there is no connection; connections are restored automatically.
   *
   * @param {object} [options] those of createClient
   * @param {{ log?: Log, pool?: object }} [own] `pool`: options of the blocking connections, where they differ
   */
  static open(options = {}, { log = logged, pool: poolOptions = {} } = {}) {
    const { socket = {}, ...rest } = /** @type {any} */ (options);
    // createClient changes the objects that it gets.
    const settings = (/** @type {object} */ more) => ({ ...rest, ...more, socket: { connectTimeout: patience.connection, ...socket } });
    const client = createClient(settings({ disableOfflineQueue: true })).on('error', log);
    // A caller that computes a value or waits for it holds a connection.
    const pool = createClientPool(settings({ clientSideCache: undefined, ...poolOptions }), limits).on('error', log);
    const connections = Promise.all([client.connect(), pool.connect()]).catch(log);
    const patient = pause(patience.connection, undefined, { ref: false });
    return new Connection(client, { pool, connected: Promise.race([connections, patient]), log, owned: true });
  }

  /**
   * The reply of a command. Rejects with AssessError when the server refuses it, with Away when the server was not reached
   * or did not reply.
   *
   * @type {Send}
   */
  send = async (words, sending = {}) => {
    await this.#ready();
    return this.within(this.#transport(words, sending, sending.waitMs !== undefined), sending.waitMs);
  };

  /**
   * Calls a function with a connection that it has to itself, as `own(words)`.
   *
   * @template T
   * @param {(own: (words: Word[]) => Promise<any>) => Promise<T>} use
   * @returns {Promise<T>}
   */
  async exclusive(use) {
    await this.#ready();
    const pool = await this.waiting();
    if (!pool) throw new TypeError('this needs a client or a pool of node-redis, of one server');
    return pool.execute((/** @type {NodeRedis} */ one) => use(async (words) => {
      await this.#ready();
      return this.within(one.sendCommand(words, exact));
    }));
  }

  /** Closes what it has opened, after the replies of commands in flight; waits at most patience.connection. */
  async close() {
    const closing = [this.#pool?.close(), this.owned ? this.client.close() : undefined];
    await within(this.patience.connection, Promise.all(closing), () => {});
  }

  /** Closes what it has opened, without waiting for anything. */
  abort() {
    this.#pool?.destroy();
    if (this.owned) this.client.destroy();
  }

  /** The pool for blocking commands. It is undefined for clusters and ioredis, whose clients then block. */
  async waiting() {
    if (this.#pool) return this.#pool;
    if (typeof this.client.execute === 'function' && !this.client.createPool) return this.client;
    if (typeof this.client.createPool !== 'function') return undefined;
    const pool = this.client.createPool(limits).on('error', this.log);
    this.#pool = pool;
    try {
      await pool.connect();
    } catch (error) {
      this.#pool = undefined; // the next command tries again
      throw error;
    }
    return pool;
  }

  async #ready() {
    await this.connected;
    if (this.client.isReady === false) throw new Away('no connection');
  }

  /** @param {Promise<any>} replying @param {number} [waitMs] how long the server may wait before it replies */
  async within(replying, waitMs = 0) {
    const limit = this.patience.reply + waitMs;
    try {
      return await within(limit, replying, () => { throw new Away(`no reply in ${limit} ms`); });
    } catch (error) {
      throw asError(error);
    }
  }
}

/** Of the connections for blocking commands: a caller that waits longer for a free one counts Redis as unreachable. */
const limits = { minimum: 1, maximum: 1000, acquireTimeout: patience.reply };

/**
 * How a client sends a command.
 *
 * @param {any} client
 * @param {() => Promise<any>} waiting
 * @returns {(words: Word[], sending: Sending, blocks: boolean) => Promise<any>}
 */
const transportOf = (client, waiting) => {
  if (typeof client.callBuffer === 'function') {
    return (words, { bytes }) => {
      const [command, ...rest] = words;
      return bytes ? client.callBuffer(command, ...rest) : client.call(command, ...rest);
    };
  }
  // A client of Sentinel has another form of sendCommand.
  if (typeof client.sendCommand !== 'function' || typeof client.getMasterNode === 'function') throw new TypeError('not a client, pool or cluster of node-redis or ioredis');
  const options = (/** @type {Sending} */ { bytes }) => (bytes ? exactBytes : exact);
  if (typeof client.nodeClient === 'function') {
    return (words, sending) => client.sendCommand(sending.key, sending.readonly ?? false, words, options(sending));
  }
  return async (words, sending, blocks) => {
    const through = blocks ? (await waiting()) ?? client : client;
    return through.sendCommand(words, options(sending));
  };
};

/**
 * The value of a promise within some milliseconds, else that of `late`.
 *
 * @template T, L
 * @param {number} ms
 * @param {Promise<T>} promise
 * @param {() => L} late
 */
export const within = async (ms, promise, late) => {
  const over = new AbortController();
  try {
    return await Promise.race([promise, pause(ms, undefined, { signal: over.signal }).then(late)]);
  } finally {
    over.abort();
  }
};
