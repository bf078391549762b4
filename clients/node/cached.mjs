/**
 * cached and cacheInvalidate over redis-assess, with the npm package `redis` 5: functions around functions and methods.
 *
 * Concurrent callers share one computation, in all processes. A value that is invalidated during its computation is not
 * stored. Values and arguments are JSON: a caller gets the decoded JSON, on a miss and on a hit.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ErrorReply, createClient, createClientPool } from 'redis';

/**
 * Milliseconds after which Redis counts as unreachable: without a connection at the first call, and without a reply at
 * any call. The limit for replies must be longer than the longest WAIT, which is 2 seconds unless a tier sets another.
 */
export const patience = { connection: 1000, reply: 10_000 };

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const log = (/** @type {Error} */ error) => console.error('redis:', error.message || error);
const options = { url, socket: { connectTimeout: patience.connection } };
// Its commands fail immediately when there is no connection. Connections are restored automatically.
export const client = createClient({ ...options, disableOfflineQueue: true }).on('error', log);
// A caller that computes a value or waits for it holds a connection.
const pool = { minimum: 1, maximum: 1000, acquireTimeout: patience.reply };
const waiting = createClientPool(options, pool).on('error', log);
const connections = Promise.all([client.connect(), waiting.connect()]).catch(log);
/** Settles when there is a connection, or after patience.connection. */
export const connected = Promise.race([connections, pause(patience.connection, undefined, { ref: false })]);

/** Another caller computed this value a moment ago and failed; the message is its reason. See NEGATIVE of the tier. */
export class Remembered extends Error {}

/** The entry could not be stored: its key is in no tier, and `ttl` is not given. Nothing was computed. */
export class NoLife extends Error {
  constructor(/** @type {string} */ key) {
    super(`${key} is in no tier: give cached a ttl, or declare a tier for such keys (TIER.SET)`);
  }
}

/** Redis is not connected, or does not reply. */
export class Away extends Error {}

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
 * @param {object} [options]
 * @param {number} [options.ttl] time to live in seconds; by default that of the key's tier
 * @param {number} [options.leaseMs] milliseconds after which another caller computes the value; must be longer than
 *   the computation. By default that of the tier
 * @param {boolean} [options.failOpen] while Redis is unreachable, compute without the cache and log it; `false` rejects
 * @param {(self: any) => unknown} [options.selfKey] for methods: parts of `this` that the result depends on, as JSON
 * @returns {(this: any, ...args: A) => Promise<R>}
 */
export const cached = (prefix, compute, { ttl, leaseMs, failOpen = true, selfKey } = {}) => {
  const lease = leaseMs === undefined ? [] : ['LEASE', `${leaseMs}`];
  const life = ttl === undefined ? [] : ['TTL', `${ttl}`];
  return async function (...args) {
    const key = keyOf(prefix, selfKey ? [selfKey(this), ...args] : args);
    const computed = async () => JSON.stringify(await compute.apply(selfKey ? this : undefined, args)) ?? 'null';
    const without = async (/** @type {unknown} */ error) => {
      if (!failOpen || !(error instanceof Away)) throw error;
      log(new Error(`${key} is computed without the cache: ${error.message}`));
      return JSON.parse(await computed());
    };
    let begun = false;
    // The connection of the lease stays out of the pool: a FETCH on it would get `busy` instead of a wait.
    const ask = async (/** @type {any} */ own) => {
      begun = true;
      let token;
      try {
        const [state, first, second] = await reply(own, ['CACHE.FETCH', key, ...lease]);
        if (state === 'hit' || state === 'stale') return JSON.parse(first);
        if (state === 'negative') throw new Remembered(first);
        if (state === 'lease') token = first;
        if (state === 'refresh') token = second; // no token for `busy` and `timeout`: the value is not stored
        if (token && !ttl && !(await inTier(key))) {
          await reply(client, ['CACHE.FAIL', key, token, 'no tier and no ttl']);
          throw new NoLife(key);
        }
      } catch (error) {
        return await without(error);
      }
      let value;
      try {
        value = await computed();
      } catch (error) {
        // At most 256 bytes. An error of CACHE.FAIL must not hide that of the computation: the lease expires.
        const reason = Buffer.from(String(error)).subarray(0, 256);
        if (token) await reply(client, ['CACHE.FAIL', key, token, reason]).catch(log);
        throw error;
      }
      // The caller gets its value even when it is not stored: after an invalidation, or when the lease has expired.
      if (token) await reply(client, ['CACHE.FILL', key, token, value, ...life]).catch(unlessLost);
      return JSON.parse(value);
    };
    try {
      await connected;
      if (!client.isReady) throw new Away('no connection');
      return await waiting.execute(ask);
    } catch (error) {
      if (begun || !(error instanceof Error)) throw error;
      return await without(error instanceof Away ? error : new Away(error.message, { cause: error }));
    }
  };
};

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
export const cacheInvalidate = (pattern, change) => async function (...args) {
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
export const invalidate = async (...patterns) => {
  /** @type {[string[], string[]]} patterns of keys in tiers, and of other keys */
  const groups = [[], []];
  for (const pattern of patterns) groups[await inTier(pattern.replaceAll('*', '')) ? 0 : 1].push('PATTERN', pattern);
  let count = 0;
  if (groups[0].length) count += await reply(client, ['CACHE.INVALIDATE', ...groups[0]]);
  if (groups[1].length) count += await reply(client, ['CACHE.INVALIDATE', ...groups[1], 'ALLKEYS']);
  return count;
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
  const quoted = (/** @type {string} */ text) => encodeURIComponent(text).replaceAll('*', '%2A');
  if (typeof value === 'string') return quoted(value);
  const text = JSON.stringify(value);
  if (text === undefined || !isDeepStrictEqual(JSON.parse(text), value)) {
    throw new TypeError('an argument of a cached function must be a JSON value; for a method see selfKey');
  }
  return `=${quoted(text)}`;
};

/** Closes the connections after the replies of commands in flight; waits at most patience.connection. */
export const close = () => within(patience.connection, Promise.all([client.close(), waiting.close()]), () => {});

/**
 * The reply of a command. Rejects with Away when the server was not reached or did not reply.
 *
 * @param {{ sendCommand: (words: any[]) => Promise<any> }} through
 * @param {(string | Buffer)[]} words
 */
const reply = async (through, words) => {
  await connected;
  if (!client.isReady) throw new Away('no connection');
  try {
    return await within(patience.reply, through.sendCommand(words), () => {
      throw new Error(`no reply in ${patience.reply} ms`);
    });
  } catch (error) {
    const answered = error instanceof ErrorReply && !error.message.startsWith('LOADING');
    throw answered ? error : new Away(/** @type {Error} */ (error).message, { cause: error });
  }
};

/**
 * The value of a promise within some milliseconds, else that of `late`.
 *
 * @template T, L
 * @param {number} ms
 * @param {Promise<T>} promise
 * @param {() => L} late
 */
const within = async (ms, promise, late) => {
  const over = new AbortController();
  try {
    return await Promise.race([promise, pause(ms, undefined, { signal: over.signal }).then(late)]);
  } finally {
    over.abort();
  }
};

const inTier = async (/** @type {string} */ key) => {
  const described = await reply(client, ['CACHE.TTL', key]); // tier, its name, ..
  return Boolean(described[described.indexOf('tier') + 1]);
};

const unlessLost = (/** @type {Error} */ error) => {
  if (error.message.startsWith('LEASELOST')) return;
  log(new Error(`a value was computed but not stored: ${error.message}`));
};
