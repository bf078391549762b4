// cached and cacheInvalidate over redis-assess, with the npm package `redis` 5: functions around functions.

import { isDeepStrictEqual } from 'node:util';
import { createClient, createClientPool } from 'redis';

const url = process.env.REDIS_URL ?? 'redis://localhost:6379';
const log = (error) => console.error('redis:', error.message);
export const client = await createClient({ url }).on('error', log).connect();
// A caller that waits for another's value holds a connection: it asks on one of its own, and is never in the way of a value.
const waiting = await createClientPool({ url }, { minimum: 1, maximum: 100, acquireTimeout: 30_000 }).on('error', log).connect();

export class Remembered extends Error {} // somebody else has computed this a moment ago, and failed: the reason

export const cached = (prefix, compute, { ttl, leaseMs } = {}) => async (...args) => {
  const key = keyOf(prefix, args);
  const lease = leaseMs ? ['LEASE', `${leaseMs}`] : [];
  const [state, first, second] = await waiting.sendCommand(['CACHE.FETCH', key, ...lease]);
  if (state === 'hit' || state === 'stale') return JSON.parse(first);
  if (state === 'negative') throw new Remembered(first);
  const token = { lease: first, refresh: second }[state]; // none when `busy` or `timeout`: computed without being stored
  let value;
  try {
    value = JSON.stringify(await compute(...args)) ?? 'null';
  } catch (error) {
    const reason = Buffer.from(String(error)).subarray(0, 256);
    if (token) await client.sendCommand(['CACHE.FAIL', key, token, reason]).catch(log);
    throw error;
  }
  if (token) await client.sendCommand(['CACHE.FILL', key, token, value, ...(ttl ? ['TTL', `${ttl}`] : [])]).catch(unlessLost);
  return JSON.parse(value); // as everybody else gets it
};

// The pattern may be a function of the arguments: (user) => `profile:${part(user)}:*`
export const cacheInvalidate = (pattern, change) => async (...args) => {
  try {
    return await change(...args);
  } finally { // after an error too: it may have come after the change
    await invalidate(typeof pattern === 'function' ? pattern(...args) : pattern);
  }
};

// How many entries went. What is being computed meanwhile will not be stored.
export const invalidate = (pattern) => client.sendCommand(['CACHE.INVALIDATE', 'PATTERN', pattern]);

// A value invalidated while it was computed, or computed for too long, is not stored. Its caller has it all the same.
const unlessLost = (error) => {
  if (!error.message.startsWith('LEASELOST')) throw error;
};

// prefix:argument:argument: - readable, so that `prefix:42:*` is all of 42. Different arguments never share a key.
export const keyOf = (prefix, args) => [prefix, ...args.map(part), ''].join(':');

// An argument in a key. What JSON cannot give back as it was (undefined, NaN, a Map) could share a key: refused.
export const part = (value) => {
  const quoted = (text) => encodeURIComponent(text).replaceAll('*', '%2A');
  if (typeof value === 'string') return quoted(value);
  const text = JSON.stringify(value);
  if (text === undefined || !isDeepStrictEqual(JSON.parse(text), value)) {
    throw new TypeError('an argument of a cached function must be what JSON can say');
  }
  return `=${quoted(text)}`;
};

export const close = () => Promise.all([client.close(), waiting.close()]);
