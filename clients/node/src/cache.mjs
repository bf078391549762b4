/** Entries of the cache: read, store, lease, invalidate, statistics. */

import { AssessError, Away } from './errors.mjs';
import { fields, isOk, list, number, text, textOrNull } from './replies.mjs';
import { counted, encoded, flag, life, named, optionWords, repeated, word } from './words.mjs';

/** @typedef {import('./words.mjs').Word} Word */

/**
 * @typedef {import('./words.mjs').Life & { persist?: boolean, tags?: string[] }} Stored
 *   persist: the entry never expires; tags: names for `invalidate`
 */
const storedRules = { ...life, persist: flag('PERSIST'), tags: counted('TAGS') };

/**
 * @typedef {{ state: 'hit' | 'stale', value: any }
 *   | { state: 'refresh', value: any, token: string, leaseMs: number, isStale: boolean }
 *   | { state: 'lease', token: string, leaseMs: number }
 *   | { state: 'negative', reason: string }
 *   | { state: 'busy' | 'timeout' }} Fetched docs/commands/cache.fetch.md
 */

/**
 * @typedef {object} Invalidation entries that any of these covers
 * @property {string | string[]} [keys]
 * @property {string | string[]} [patterns]
 * @property {string | string[]} [tags]
 * @property {string | string[]} [tiers]
 * @property {string | string[]} [models] the assessments of these models
 * @property {boolean} [all] every entry of every tier
 * @property {'any' | 'all'} [match] of the tags
 * @property {boolean} [soft] entries become stale; values stay for the grace of the tier
 * @property {boolean} [async] do not wait for the deletion; the count is then 0
 * @property {boolean} [allKeys] also keys in no tier, of any type: the server scans its keyspace
 */

/** @satisfies {Record<keyof Invalidation, import('./words.mjs').Rule>} */
const invalidationRules = {
  keys: repeated('KEY'), patterns: repeated('PATTERN'), tags: repeated('TAG'), tiers: repeated('TIER'), models: repeated('MODEL'),
  all: flag('ALL'), match: named('MATCH'), soft: flag('SOFT'), async: flag('ASYNC'), allKeys: flag('ALLKEYS'),
};

const times = ['hit', 'compute', 'wait'].flatMap((what) => ['avg', 'p50', 'p95', 'p99', 'max'].map((one) => `${what}_${one}_us`));
const doubles = ['hit_rate_percent', 'compression_ratio', 'ops_per_second', 'used_memory_mb', 'used_memory_peak_mb', ...times];
/** The statistics that are texts in RESP2. */
export const statistics = Object.fromEntries(doubles.map((name) => [name, number]));

const described = fields();
const counters = fields(statistics);
const fetchRules = { leaseMs: named('LEASE'), waitMs: named('WAIT'), noStale: flag('NOSTALE') };

export class Cache {
  #connection;
  #failOpen;
  #getOrCompute;
  #near;

  /**
   * @param {import('./connection.mjs').Connection} connection
   * @param {object} options
   * @param {boolean} options.failOpen
   * @param {ReturnType<import('./caching.mjs').caching>['getOrCompute']} options.getOrCompute
   * @param {(key: string) => Promise<string | null | undefined>} [options.near]
   */
  constructor(connection, { failOpen, getOrCompute, near }) {
    this.#connection = connection;
    this.#failOpen = failOpen;
    this.#getOrCompute = getOrCompute;
    this.#near = near;
  }

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
  get(key, { stale = false, bytes = false } = {}) {
    return this.#open(null, async () => {
      if (this.#near && !stale && !bytes) {
        const copy = await this.#near(key);
        if (copy !== undefined) return copy;
      }
      const words = ['CACHE.GET', word(key), ...(stale ? ['STALE'] : [])];
      const reply = await this.#send(words, { key, readonly: true, bytes });
      return bytes ? reply : textOrNull(reply);
    });
  }

  /** The fresh values of several entries, null for the others. @param {string[]} keys @returns {Promise<(string | null)[]>} */
  mget(keys) {
    const none = keys.map(() => null);
    if (!keys.length) return Promise.resolve(none);
    const sending = { key: keys[0], readonly: true };
    return this.#open(none, async () => list(await this.#send(['CACHE.MGET', ...keys.map(word)], sending)).map(textOrNull));
  }

  /**
   * Stores an entry; false when `onlyIf` prevented it.
   *
   * @param {string} key
   * @param {unknown} value bytes and text unchanged, any other value as JSON
   * @param {Stored & { onlyIf?: 'absent' | 'present' }} [options]
   * @returns {Promise<boolean>}
   */
  set(key, value, options) {
    const onlyIf = (/** @type {string} */ when) => {
      if (when !== 'absent' && when !== 'present') throw new TypeError('onlyIf is absent or present');
      return [when === 'absent' ? 'NX' : 'XX'];
    };
    const words = ['CACHE.SET', word(key), encoded(value), ...optionWords(options, { ...storedRules, onlyIf })];
    return this.#open(false, async () => isOk(await this.#send(words, { key })));
  }

  /**
   * Stores several entries with the same options.
   *
   * @param {Record<string, unknown>} entries
   * @param {Stored} [options]
   * @returns {Promise<boolean>}
   */
  mset(entries, options) {
    const pairs = Object.entries(entries).flatMap(([key, value]) => [key, encoded(value)]);
    const words = ['CACHE.MSET', `${pairs.length / 2}`, ...pairs, ...optionWords(options, storedRules)];
    return this.#open(false, async () => isOk(await this.#send(words, { key: pairs[0] })));
  }

  /**
   * An entry, or a lease to compute it. Other clients wait, so that it is computed once. `getOrCompute` and
   * `Assess.cached` do all of it, and keep the connection of the lease: here the next caller may get it, whose fetch of the
   * key is then `busy`.
   *
   * @param {string} key
   * @param {{ leaseMs?: number, waitMs?: number, noStale?: boolean, bytes?: boolean }} [options]
   * @returns {Promise<Fetched>}
   */
  fetch(key, { bytes = false, ...options } = {}) {
    const words = ['CACHE.FETCH', word(key), ...optionWords(options, fetchRules)];
    const sending = { key, readonly: true, bytes, waitMs: options.waitMs ?? 0 };
    return this.#open({ state: 'timeout' }, async () => fetched(await this.#send(words, sending), bytes));
  }

  /**
   * Stores the value that a lease was granted for. False: the lease is over, the value is not stored.
   *
   * @param {string} key
   * @param {string} token
   * @param {unknown} value
   * @param {Stored} [options]
   */
  fill(key, token, value, options) {
    return this.#held(['CACHE.FILL', word(key), word(token), encoded(value), ...optionWords(options, storedRules)], key);
  }

  /** Ends a lease because the computation failed. @param {string} key @param {string} token @param {string} [reason] */
  abandon(key, token, reason = '') {
    const short = Buffer.from(reason).subarray(0, 256);
    return this.#held(['CACHE.FAIL', word(key), word(token), ...(short.length ? [short] : [])], key);
  }

  /** Extends a lease. @param {string} key @param {string} token @param {number} ms */
  renew(key, token, ms) {
    return this.#held(['CACHE.RENEW', word(key), word(token), word(ms)], key);
  }

  /**
   * The value of an entry, or the one that is computed and stored: once, for all callers of all processes.
   *
   * @param {string} key
   * @param {() => unknown} compute text and bytes are stored unchanged, any other value as JSON
   * @param {{ ttl?: number, tags?: string[], leaseMs?: number }} [options] leaseMs: longer than the computation takes
   * @returns {Promise<string>}
   */
  getOrCompute(key, compute, options) {
    return this.#getOrCompute(key, compute, options);
  }

  /**
   * Invalidates entries; gives their number. Computations in flight are not stored. In a cluster: on every master.
   *
   * @param {string | string[] | Invalidation} what patterns, or an object
   * @returns {Promise<number>}
   */
  async invalidate(what) {
    const clauses = typeof what === 'string' || Array.isArray(what) ? { patterns: what } : what;
    if (!this.#connection.isCluster || clauses.keys === undefined) return this.#invalidate(clauses, this.#all);
    // A node counts only its own keys.
    const { keys, ...others } = clauses;
    const { patterns, tags, tiers, models, all } = others;
    const isCovered = [patterns, tags, tiers, models].some((one) => one?.length) || all;
    const requests = [keys].flat().map((key) => this.#invalidate({ keys: key, soft: clauses.soft, async: clauses.async }));
    if (isCovered) requests.push(this.#invalidate(others, this.#all));
    return (await Promise.all(requests)).reduce((sum, count) => sum + count, 0);
  }

  /** The remaining time to live of an entry, its tier, lease, tags and size: docs/commands/cache.ttl.md. @param {string} key */
  async ttl(key) {
    return described(await this.#send(['CACHE.TTL', word(key)], { key, readonly: true }));
  }

  /** The statistics of a tier, or of all; in a cluster of all masters: docs/commands/cache.stats.md. @param {string} [tier] */
  async stats(tier) {
    const words = ['CACHE.STATS', ...(tier === undefined ? [] : [word(tier)]), ...this.#all];
    return counters(await this.#send(words));
  }

  /** Sets the counters to zero. */
  async resetStats() {
    await this.#send(['CACHE.STATS', 'RESET', ...this.#all]);
  }

  /** The checks of the server; in a cluster of all masters. @returns {Promise<{ ok: boolean, checks: string[] }>} */
  async health() {
    const reply = await this.#send(['CACHE.HEALTH', ...this.#all]);
    const [state, ...checks] = list(reply).map(text);
    return { ok: state === 'ok', checks };
  }

  /**
   * The most requested keys of a tier, with their counts.
   *
   * @param {string} tier
   * @param {number} [n]
   * @returns {Promise<[key: string, count: number][]>}
   */
  async hot(tier, n) {
    const reply = await this.#send(['CACHE.HOT', word(tier), ...(n === undefined ? [] : [word(n)])], { readonly: true });
    return list(reply).map(([key, count]) => [text(key), Number(count)]);
  }

  /** @param {Invalidation} clauses @param {Word[]} [more] */
  async #invalidate(clauses, more = []) {
    const key = clauses.keys === undefined ? undefined : [clauses.keys].flat()[0];
    return Number(await this.#send(['CACHE.INVALIDATE', ...optionWords(clauses, invalidationRules), ...more], { key }));
  }

  /** Of a command that all masters of a cluster carry out. */
  get #all() {
    return this.#connection.isCluster ? ['CLUSTER'] : [];
  }

  /** @type {import('./connection.mjs').Send} */
  #send(words, sending) {
    return this.#connection.send(words, sending);
  }

  /** @param {Word[]} words @param {string} key @returns {Promise<boolean>} */
  #held(words, key) {
    return this.#open(false, async () => {
      try {
        return isOk(await this.#send(words, { key }));
      } catch (error) {
        if (error instanceof AssessError && error.code === 'LEASELOST') return false;
        throw error;
      }
    });
  }

  /**
   * With failOpen, `missing` while Redis is away.
   *
   * @template T
   * @param {T} missing
   * @param {() => Promise<T>} call
   * @returns {Promise<T>}
   */
  async #open(missing, call) {
    try {
      return await call();
    } catch (error) {
      if (!this.#failOpen || !(error instanceof Away)) throw error;
      this.#connection.log(new Error(`without the cache: ${error.message}`, { cause: error }));
      return missing;
    }
  }
}

/** @param {any} reply @param {boolean} bytes @returns {Fetched} */
const fetched = (reply, bytes) => {
  const [state, ...rest] = list(reply);
  const value = (/** @type {any} */ one) => (bytes ? one : text(one));
  switch (text(state)) {
    case 'hit': return { state: 'hit', value: value(rest[0]) };
    case 'stale': return { state: 'stale', value: value(rest[0]) };
    case 'refresh': {
      const [first, token, ms, age] = rest;
      return { state: 'refresh', value: value(first), token: text(token), leaseMs: Number(ms), isStale: text(age) === 'stale' };
    }
    case 'lease': return { state: 'lease', token: text(rest[0]), leaseMs: Number(rest[1]) };
    case 'negative': return { state: 'negative', reason: text(rest[0]) };
    case 'busy': return { state: 'busy' };
    case 'timeout': return { state: 'timeout' };
    default: throw new TypeError(`unexpected state of CACHE.FETCH: ${text(state)}`);
  }
};
