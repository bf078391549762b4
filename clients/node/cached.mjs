/**
 * cached and cacheInvalidate over redis-assess, with the npm package `redis` 5: functions around functions and methods.
 *
 * Callers at the same time share one computation, in all processes; what is invalidated while it is computed is not
 * stored. Values and arguments are JSON: a caller gets what JSON gives back, in a miss as in a hit.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ErrorReply, createClient, createClientPool } from 'redis';

/**
 * Milliseconds after which Redis counts as away: without a connection, at the first call; without a reply, at any. Give
 * replies more time than the longest WAIT, which is 2 seconds unless a tier says otherwise.
 */
export const patience = { connection: 1000, reply: 10_000 };

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const log = (/** @type {Error} */ error) => console.error('redis:', error.message || error);
const options = { url, socket: { connectTimeout: patience.connection } };
// Says at once whether there is a connection: its commands fail without one. Connections come back by themselves.
export const client = createClient({ ...options, disableOfflineQueue: true }).on('error', log);
// A caller that waits for another's value, or computes it, holds a connection of its own.
const pool = { minimum: 1, maximum: 1000, acquireTimeout: patience.reply };
const waiting = createClientPool(options, pool).on('error', log);
const connections = Promise.all([client.connect(), waiting.connect()]).catch(log);
/** Settles when there is a connection, or when there should have been one. */
export const connected = Promise.race([connections, pause(patience.connection, undefined, { ref: false })]);

/** Somebody else has computed this a moment ago, and failed: the reason. See NEGATIVE of the tier. */
export class Remembered extends Error {}

/** The entry would not be stored: its key is in no tier, and `ttl` is not given. Nothing was computed. */
export class NoLife extends Error {
  constructor(/** @type {string} */ key) {
    super(`${key} is in no tier: give cached a ttl, or make a tier for such keys (TIER.SET)`);
  }
}

/** Redis is not connected, or does not reply. */
export class Away extends Error {}

/**
 * Caches what a function returns under `prefix:argument:argument:`.
 *
 * The promise is rejected with NoLife when the key has no life, with Remembered when the computation has just failed
 * elsewhere, with TypeError for an argument that JSON cannot say.
 *
 * @template {unknown[]} A
 * @template R
 * @param {string} prefix
 * @param {(this: any, ...args: A) => R | Promise<R>} compute gets `this` only with selfKey
 * @param {object} [options]
 * @param {number} [options.ttl] life in seconds; without it, that of the key's tier
 * @param {number} [options.leaseMs] milliseconds after which another caller computes it; choose more than the
 *   computation takes. Without it, that of the tier
 * @param {boolean} [options.failOpen] while Redis is away, compute without the cache and log it; `false` rejects
 * @param {(self: any) => unknown} [options.selfKey] for methods: what of `this` the result depends on, as JSON
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
    // The connection that is granted the lease stays out of the pool: on it, others would not be made to wait.
    const ask = async (/** @type {any} */ own) => {
      begun = true;
      let token;
      try {
        const [state, first, second] = await reply(own, ['CACHE.FETCH', key, ...lease]);
        if (state === 'hit' || state === 'stale') return JSON.parse(first);
        if (state === 'negative') throw new Remembered(first);
        if (state === 'lease') token = first;
        if (state === 'refresh') token = second; // none when `busy` or `timeout`: computed, and not stored
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
        // At most 256 bytes. Nothing may hide the error of the computation: the lease ends by itself.
        const reason = Buffer.from(String(error)).subarray(0, 256);
        if (token) await reply(client, ['CACHE.FAIL', key, token, reason]).catch(log);
        throw error;
      }
      // The caller has its value whether it was stored or not: it may have been invalidated, or computed for too long.
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
 * Invalidates the entries of a pattern when the function has run, also when it has failed.
 *
 * An error of Redis rejects the promise, also while it is away: the function has run, and what is cached may be out of
 * date.
 *
 * @template {unknown[]} A
 * @template R
 * @param {string | string[] | ((this: any, ...args: A) => string | string[])} pattern one or several, or a function of
 *   the arguments that gives them: (user) => `profile:${part(user)}:*`
 * @param {(this: any, ...args: A) => R | Promise<R>} change
 * @returns {(this: any, ...args: A) => Promise<R>}
 */
export const cacheInvalidate = (pattern, change) => async function (...args) {
  const covered = [typeof pattern === 'function' ? pattern.apply(this, args) : pattern].flat();
  try {
    return await change.apply(this, args);
  } finally { // after an error too: it may have come after the change
    await invalidate(...covered);
  }
};

/**
 * Invalidates what any of the patterns covers: how many entries. What is being computed meanwhile is not stored.
 *
 * The server has an index of the keys in tiers. For other keys it looks through all its keys: make a tier for them.
 *
 * @param {...string} patterns
 * @returns {Promise<number>}
 */
export const invalidate = async (...patterns) => {
  /** @type {[string[], string[]]} those of keys in tiers, and others */
  const groups = [[], []];
  for (const pattern of patterns) groups[await inTier(pattern.replaceAll('*', '')) ? 0 : 1].push('PATTERN', pattern);
  let went = 0;
  if (groups[0].length) went += await reply(client, ['CACHE.INVALIDATE', ...groups[0]]);
  if (groups[1].length) went += await reply(client, ['CACHE.INVALIDATE', ...groups[1], 'ALLKEYS']);
  return went;
};

/**
 * The key of a call, `prefix:argument:argument:`, readable: `prefix:42:*` is all of 42. Different arguments never share
 * a key.
 *
 * @param {string} prefix
 * @param {unknown[]} args
 */
export const keyOf = (prefix, args) => [prefix, ...args.map(part), ''].join(':');

/**
 * An argument in a key. What JSON cannot give back as it was (undefined, NaN, a Map) could share a key: refused.
 *
 * @param {unknown} value
 */
export const part = (value) => {
  const quoted = (/** @type {string} */ text) => encodeURIComponent(text).replaceAll('*', '%2A');
  if (typeof value === 'string') return quoted(value);
  const text = JSON.stringify(value);
  if (text === undefined || !isDeepStrictEqual(JSON.parse(text), value)) {
    throw new TypeError('an argument of a cached function must be what JSON can say; for a method see selfKey');
  }
  return `=${quoted(text)}`;
};

/** Ends the connections when the commands under way have their replies, and waits patience.connection for that. */
export const close = () => within(patience.connection, Promise.all([client.close(), waiting.close()]), () => {});

/**
 * The reply of a command. Rejects with Away when it did not reach the server, or no reply came back.
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
 * What a promise gives within some milliseconds, else what `late` gives.
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
  log(new Error(`a value was computed and is not stored: ${error.message}`));
};
