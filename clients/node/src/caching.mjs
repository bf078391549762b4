/**
 * cached and cacheInvalidate: functions around functions and methods.
 *
 * Concurrent callers share one computation, in all processes. A value that is invalidated during its computation is not
 * stored. Values and arguments are JSON: a caller gets the decoded JSON, on a miss and on a hit.
 */

import { isDeepStrictEqual } from 'node:util';
import { Away, NoLife, Remembered, asError } from './errors.mjs';
import { fields, text } from './replies.mjs';
import { counted, encoded, named, optionWords } from './words.mjs';

/** @typedef {import('./words.mjs').Word} Word */

/**
 * @typedef {object} Computing
 * @property {number} [ttl] time to live in seconds; by default that of the key's tier
 * @property {number} [leaseMs] milliseconds after which another caller computes the value; must be longer than the computation.
 *   By default that of the tier
 * @property {boolean} [failOpen] while Redis is unreachable, compute without the cache and log it; `false` rejects. By
 *   default true, or that of `connect`
 */

const described = fields();

/**
 * The functions over one connection, whose client is one of node-redis.
 *
 * @param {import('./connection.mjs').Connection} connection
 * @param {boolean} [opensByDefault] the default of failOpen
 */
export const caching = (connection, opensByDefault = true) => {
  const { log, send } = connection;

  /**
   * The value of an entry, or the one that is computed and stored.
   *
   * @param {string} key
   * @param {() => Promise<Word>} computed
   * @param {import('./caching.mjs').Computing & { tags?: string[] }} options
   * @returns {Promise<Word>}
   */
  const through = async (key, computed, { ttl, leaseMs, tags, failOpen = opensByDefault }) => {
    const lease = leaseMs === undefined ? [] : ['LEASE', `${leaseMs}`];
    const stored = optionWords({ ttl, tags }, { ttl: named('TTL'), tags: counted('TAGS') });
    const without = async (/** @type {unknown} */ error) => {
      if (!failOpen || !(error instanceof Away)) throw error;
      log(new Error(`${key} is computed without the cache: ${error.message}`));
      return computed();
    };
    let begun = false;
    // The connection of the lease stays out of the pool: a FETCH on it would get `busy` instead of a wait.
    const ask = async (/** @type {(words: Word[]) => Promise<any>} */ own) => {
      begun = true;
      let token;
      try {
        const [state, first, second] = await own(['CACHE.FETCH', key, ...lease]);
        if (state === 'hit' || state === 'stale') return first;
        if (state === 'negative') throw new Remembered(first);
        if (state === 'lease') token = first;
        if (state === 'refresh') token = second; // no token for `busy` and `timeout`: the value is not stored
        if (token && !ttl && !(await inTier(key))) {
          await send(['CACHE.FAIL', key, token, 'no tier and no ttl']);
          throw new NoLife(key);
        }
      } catch (error) {
        return without(error);
      }
      let value;
      try {
        value = await computed();
      } catch (error) {
        // At most 256 bytes. An error of CACHE.FAIL must not hide that of the computation: the lease expires.
        const reason = Buffer.from(String(error)).subarray(0, 256);
        if (token) await send(['CACHE.FAIL', key, token, reason]).catch(log);
        throw error;
      }
      // The caller gets its value even when it is not stored: after an invalidation, or when the lease has expired.
      if (token) await send(['CACHE.FILL', key, token, value, ...stored]).catch(unlessLost);
      return value;
    };
    try {
      return await connection.exclusive(ask);
    } catch (error) {
      if (begun || error instanceof TypeError || !(error instanceof Error)) throw error;
      return without(asError(error));
    }
  };

  /**
   * Caches the result of a function under `prefix:argument:argument:`.
   *
   * The promise is rejected with NoLife when the key has no time to live, with Remembered when another caller's
   * computation has just failed, with TypeError for an argument that JSON cannot represent.
   *
   * @template {unknown[]} A
   * @template R
   * @param {string} prefix
   * @param {(this: any, ...args: A) => R | Promise<R>} compute gets `this` only with selfKey
   * @param {import('./caching.mjs').Computing & { selfKey?: (self: any) => unknown }} [options]
   *   selfKey, for methods: parts of `this` that the result depends on, as JSON
   * @returns {(this: any, ...args: A) => Promise<R>}
   */
  const cached = (prefix, compute, { selfKey, ...options } = {}) => async function (...args) {
    const key = keyOf(prefix, selfKey ? [selfKey(this), ...args] : args);
    const computed = async () => JSON.stringify(await compute.apply(selfKey ? this : undefined, args)) ?? 'null';
    return JSON.parse(text(await through(key, computed, options)));
  };

  /**
   * The value of an entry, or the one that is computed and stored: once, for all callers of all processes.
   *
   * @param {string} key
   * @param {() => unknown} compute text and bytes are stored unchanged, any other value as JSON
   * @param {import('./caching.mjs').Computing & { tags?: string[] }} [options]
   * @returns {Promise<string>}
   */
  const getOrCompute = async (key, compute, options = {}) =>
    text(await through(key, async () => encoded(await compute()), options));

  /**
   * Invalidates the entries of a pattern after the function has run, also when it failed.
   *
   * An error of Redis rejects the promise, also when it is unreachable: the function has run, and cached entries may be
   * outdated.
   *
   * @template {unknown[]} A
   * @template R
   * @param {string | string[] | ((this: any, ...args: A) => string | string[])} pattern one or several, or a function of
   *   the arguments that returns them: (user) => `profile:${part(user)}:*`
   * @param {(this: any, ...args: A) => R | Promise<R>} change
   * @returns {(this: any, ...args: A) => Promise<R>}
   */
  const cacheInvalidate = (pattern, change) => async function (...args) {
    const covered = [typeof pattern === 'function' ? pattern.apply(this, args) : pattern].flat();
    try {
      return await change.apply(this, args);
    } finally { // also after an error: the change may precede it
      await invalidate(...covered);
    }
  };

  /**
   * Invalidates the entries that match any of the patterns; gives their number. Computations in flight are not stored.
   *
   * The server has an index of the keys in tiers. For other keys it scans all its keys: declare a tier for them.
   *
   * @param {...string} patterns
   * @returns {Promise<number>}
   */
  const invalidate = async (...patterns) => {
    /** @type {[string[], string[]]} patterns of keys in tiers, and of other keys */
    const groups = [[], []];
    for (const pattern of patterns) groups[await inTier(pattern.replaceAll('*', '')) ? 0 : 1].push('PATTERN', pattern);
    const everywhere = connection.isCluster ? ['CLUSTER'] : [];
    let count = 0;
    if (groups[0].length) count += Number(await send(['CACHE.INVALIDATE', ...groups[0], ...everywhere]));
    if (groups[1].length) count += Number(await send(['CACHE.INVALIDATE', ...groups[1], 'ALLKEYS', ...everywhere]));
    return count;
  };

  const inTier = async (/** @type {string} */ key) => {
    const { tier } = described(await send(['CACHE.TTL', key], { key, readonly: true }));
    return Boolean(tier);
  };

  const unlessLost = (/** @type {Error} */ error) => {
    if (error.message.startsWith('LEASELOST')) return;
    log(new Error(`a value was computed but not stored: ${error.message}`));
  };

  return { cached, cacheInvalidate, getOrCompute, invalidate };
};

/**
 * The key of a call, `prefix:argument:argument:`, where `prefix:42:*` matches all keys of 42. Different arguments never
 * share a key.
 *
 * @param {string} prefix
 * @param {unknown[]} args
 */
export const keyOf = (prefix, args) => [prefix, ...args.map(part), ''].join(':');

/**
 * An argument in a key. Refuses values that JSON changes (undefined, NaN, a Map): they could share a key.
 *
 * @param {unknown} value
 */
export const part = (value) => {
  const quoted = (/** @type {string} */ plain) => encodeURIComponent(plain).replaceAll('*', '%2A');
  if (typeof value === 'string') return quoted(value);
  const written = JSON.stringify(value);
  if (written === undefined || !isDeepStrictEqual(JSON.parse(written), value)) {
    throw new TypeError('an argument of a cached function must be a JSON value; for a method see selfKey');
  }
  return `=${quoted(written)}`;
};
