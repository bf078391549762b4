/**
 * The near cache: entries are kept in the process by the client-side caching of node-redis, and the server reports every change
 * of them. The command is CACHE.GET with WITHTTL, which reads tagged and compressed entries too and says how long the value is
 * fresh: the server reports no entry that becomes stale.
 */

import { number, text } from './replies.mjs';

/** The copies of replies: callers that share a reply get one copy, with the time of the first. @type {WeakMap<object, Copy>} */
const copies = new WeakMap();

/** @typedef {{ value: string, freshUntil: number }} Copy */

const get = {
  CACHEABLE: true,
  IS_READ_ONLY: true,
  parseCommand: (/** @type {any} */ parser, /** @type {string} */ key) => {
    parser.push('CACHE.GET');
    parser.pushKey(key);
    parser.push('WITHTTL');
    // Counted from the request, the copy is never used longer than the server would serve the value.
    parser.preserve = performance.now();
  },
  transformReply: (/** @type {any} */ reply, /** @type {any} */ requested) => {
    if (!reply) return null;
    const left = number(reply[1]);
    const copy = copies.get(reply) ?? { value: text(reply[0]), freshUntil: left < 0 ? Infinity : requested + left };
    copies.set(reply, copy);
    return copy;
  },
};

/** Options of createClient, with a near cache of so many entries. @param {number} maxEntries @param {Record<string, any>} options */
export const nearOptions = (maxEntries, options) => {
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) throw new RangeError('near is the number of entries, at least 1');
  const modules = { ...options.modules, near: { get } };
  return { ...options, RESP: 3, clientSideCache: { maxEntries, evictPolicy: 'LRU' }, modules };
};

/**
 * The value of an entry, or null; undefined when the copy is no longer fresh.
 *
 * @param {any} client
 * @param {string} key
 * @returns {Promise<string | null | undefined>}
 */
export const nearGet = async (client, key) => {
  const copy = await client.near.get(key);
  if (!copy) return null;
  return copy.freshUntil > performance.now() ? copy.value : undefined;
};
