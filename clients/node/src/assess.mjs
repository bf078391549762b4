/** A server with redis-assess. */

import { Cache } from './cache.mjs';
import { caching } from './caching.mjs';
import { Connection, logged } from './connection.mjs';
import { Away } from './errors.mjs';
import { IoModel } from './io.mjs';
import { nearGet, nearOptions } from './near.mjs';
import { OriginModel } from './origin.mjs';
import { Queue } from './queue.mjs';
import { texts } from './replies.mjs';
import { ScoreModel } from './score.mjs';
import { Tiers } from './tiers.mjs';
import { word } from './words.mjs';

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
export class Assess {
  /** @type {Connection} */
  #connection;

  /**
   * @param {C | Connection} client a client, connected
   * @param {Own & { near?: number }} [options]
   */
  constructor(client, { failOpen = true, log = logged, near } = {}) {
    const connection = client instanceof Connection ? client : new Connection(client, { log });
    if (near && !connection.client.near) throw new TypeError('near is an option of connect');
    this.#connection = connection;
    /** The client: commands of Redis and of other modules. @type {C} */
    this.client = connection.client;
    const read = (/** @type {string} */ key) => connection.within(nearGet(connection.client, key));
    const { cached, cacheInvalidate, getOrCompute, invalidate } = caching(connection, failOpen);
    this.cache = new Cache(connection, { failOpen, getOrCompute, near: near ? read : undefined });
    this.tiers = new Tiers(connection);
    this.cached = cached;
    this.cacheInvalidate = cacheInvalidate;
    this.invalidate = invalidate;
  }

  /** An input-output model. @param {string} key */
  io(key) {
    return new IoModel(this.#connection.send, key);
  }

  /** A score model. @param {string} key */
  score(key) {
    return new ScoreModel(this.#connection.send, key);
  }

  /** A rules-of-origin model. @param {string} key */
  origin(key) {
    return new OriginModel(this.#connection.send, key);
  }

  /** A queue of jobs. @param {string} key */
  queue(key) {
    return new Queue(this.#connection.send, key);
  }

  /** The keys that hold models, or are being loaded. @param {string} [pattern] @returns {Promise<string[]>} */
  async models(pattern) {
    return texts(await this.command(['MODEL.LIST', ...(pattern === undefined ? [] : [pattern])]));
  }

  /**
   * The reply of any command, as the client gives it, with doubles as texts. Errors have their codes.
   *
   * @param {import('./words.mjs').Value[]} words
   * @param {import('./connection.mjs').Sending} [sending]
   * @returns {Promise<any>}
   */
  command(words, sending) {
    return this.#connection.send(words.map(word), sending);
  }

  /** Closes the connections that were opened here, after the replies of commands in flight; waits at most a second. */
  close() {
    return this.#connection.close();
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }
}

/**
 * Connects to a server. Commands fail immediately while there is no connection; connections are restored automatically.
 * With `failOpen: false` rejects with Away when there is no connection within a second.
 *
 * @param {Own & { url?: string, near?: number } & Record<string, any>} [options] those of createClient of node-redis, and:
 *   url, by default REDIS_URL, else redis://localhost:6379; near, the number of entries to keep in the process
 * @returns {Promise<Assess<import('redis').RedisClientType>>}
 */
export const connect = async ({ failOpen = true, log = logged, near, url = process.env.REDIS_URL, ...options } = {}) => {
  const settings = { url: url ?? 'redis://localhost:6379', ...options };
  const connection = Connection.open(near ? nearOptions(near, settings) : settings, { log });
  await connection.connected;
  if (!connection.client.isReady && !failOpen) {
    connection.abort();
    throw new Away(`no connection in ${connection.patience.connection} ms`);
  }
  /** @type {Assess<any>} */
  const assess = new Assess(connection, { failOpen, log, near });
  return assess;
};
