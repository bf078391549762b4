/** Replies as values of JavaScript, equal in RESP2 and RESP3. All functions are pure. */

import { fromReply } from './errors.mjs';

/** @param {unknown} reply @returns {string} */
export const text = (reply) => `${reply}`;

/** @param {unknown} reply @returns {string | null} */
export const textOrNull = (reply) => (reply === null || reply === undefined ? null : `${reply}`);

/** @param {unknown} reply @returns {string[]} */
export const texts = (reply) => list(reply).map(text);

/** @param {unknown} reply @returns {any[]} */
export const list = (reply) => {
  if (!Array.isArray(reply)) throw new TypeError(`expected an array in the reply, not ${typeof reply}`);
  return reply;
};

/** Doubles are texts: see `exact` in connection.mjs. @param {unknown} reply @returns {number} */
export const number = (reply) => {
  const named = /** @type {Record<string, number>} */ ({ inf: Infinity, '-inf': -Infinity, nan: NaN })[text(reply)];
  return named ?? Number(text(reply));
};

/** @param {unknown} reply @returns {number | null} */
export const numberOrNull = (reply) => (reply === null ? null : number(reply));

/** A JSON document. @param {unknown} reply @returns {any} */
export const document = (reply) => JSON.parse(text(reply));

/** @param {unknown} reply @returns {any[]} */
export const documents = (reply) => list(reply).map(document);

/** Documents, and an error in the place of each that failed. @param {unknown} reply @returns {any[]} */
export const outcomes = (reply) => list(reply).map((one) => (one instanceof Error ? fromReply(one) : document(one)));

/** @param {unknown} reply @returns {boolean} */
export const isOk = (reply) => reply !== null && text(reply) === 'OK';

/** @param {unknown} reply @returns {boolean} */
export const isOne = (reply) => Number(reply) === 1;

/** @typedef {(reply: any) => any} Parse */

/**
 * A map: an object or a Map in RESP3, a flat array of names and values in RESP2. `parses` names the fields that need more
 * than the other ones, which are integers, texts, arrays of texts, or null.
 *
 * @param {Record<string, Parse>} [parses]
 * @returns {(reply: any) => Record<string, any>}
 */
export const fields = (parses = {}) => (reply) => {
  const found = pairs(reply).map(([name, value]) => {
    const parse = Object.hasOwn(parses, name) ? parses[name] : plain;
    return [name, parse(value)];
  });
  return Object.fromEntries(found);
};

/** @param {any} reply @returns {[string, any][]} */
const pairs = (reply) => {
  if (reply instanceof Map) return [...reply].map(([name, value]) => [text(name), value]);
  if (!Array.isArray(reply)) return Object.entries(reply);
  return Array.from({ length: reply.length / 2 }, (_, at) => [text(reply[2 * at]), reply[2 * at + 1]]);
};

/** @type {Parse} */
const plain = (value) => {
  if (Buffer.isBuffer(value)) return text(value);
  return Array.isArray(value) ? value.map(plain) : value;
};
