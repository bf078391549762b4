/** The words of commands: values and options of JavaScript as arguments of Redis. All functions are pure. */

/** @typedef {string | Buffer} Word */
/** @typedef {string | Buffer | number | bigint} Value what can be a word of a command */

/**
 * An argument of a command. A value that is neither text, bytes nor a number is refused: `${value}` would send "undefined"
 * or "[object Object]".
 *
 * @param {unknown} value
 * @returns {Word}
 */
export const word = (value) => {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value;
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return `${value}`;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(`a word of a command is a text, bytes or a finite number, not ${shown(value)}`);
};

/**
 * A JSON document. Infinite numbers are refused: JSON has none, and JSON.stringify would write null, a missing value. NaN is
 * null, as it is a missing value itself.
 *
 * @param {unknown} value
 * @returns {string}
 */
export const json = (value) => {
  const text = JSON.stringify(value, (name, inner) => {
    if (inner === Infinity || inner === -Infinity) throw new TypeError(`JSON has no infinite numbers (${name || 'the value'})`);
    return inner;
  });
  if (text === undefined) throw new TypeError(`not a JSON value: ${shown(value)}`);
  return text;
};

/**
 * Bytes and text unchanged, any other value as JSON: payloads and results of jobs, values of entries.
 *
 * @param {unknown} value
 * @returns {Word}
 */
export const encoded = (value) => (typeof value === 'string' || value instanceof Uint8Array ? word(value) : json(value));

/** @typedef {(value: any) => Word[]} Rule the words of an option */

/** @type {(name: string) => Rule} */
export const named = (name) => (value) => [name, word(value)];
/** @type {(name: string) => Rule} */
export const flag = (name) => (value) => {
  if (typeof value !== 'boolean') throw new TypeError(`${name} is true or false, not ${shown(value)}`);
  return value ? [name] : [];
};
/** @type {(name: string) => Rule} */
export const yesNo = (name) => (value) => (typeof value === 'boolean' ? [name, value ? 'yes' : 'no'] : [name, word(value)]);
/** @type {(name: string) => Rule} */
export const counted = (name) => (values) => (values.length ? [name, `${values.length}`, ...values.map(word)] : []);
/** @type {(name: string) => Rule} */
export const repeated = (name) => (values) => [values].flat().flatMap((value) => [name, word(value)]);
/** @type {(name: string) => Rule} */
export const document = (name) => (value) => [name, typeof value === 'string' ? value : json(value)];
/** @type {(name: string) => Rule} */
export const time = (name) => (value) => [name, value instanceof Date ? `${value.getTime()}` : word(value)];

/**
 * Options as words, in the order of the table. Undefined options are left out; an unknown one is refused.
 *
 * @param {object | undefined} options
 * @param {Record<string, Rule>} rules
 * @returns {Word[]}
 */
export const optionWords = (options, rules) => {
  const given = /** @type {Record<string, unknown>} */ (options ?? {});
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(rules, name));
  if (unknown !== undefined) throw new TypeError(`unknown option ${unknown}; there are ${Object.keys(rules).join(', ')}`);
  return Object.entries(rules).flatMap(([name, rule]) => (given[name] === undefined ? [] : rule(given[name])));
};

/**
 * @typedef {object} Life a time to live; by default that of the tier
 * @property {number} [ttl] seconds
 * @property {number} [ttlMs] milliseconds
 * @property {Date | number} [expireAt] a time, as a Date or in Unix milliseconds
 * @property {boolean} [keepTtl] that of the replaced entry
 */

/** @satisfies {Record<keyof Life, Rule>} */
export const life = { ttl: named('TTL'), ttlMs: named('PTTL'), expireAt: time('PXAT'), keepTtl: flag('KEEPTTL') };

/** @param {unknown} value */
const shown = (value) => (typeof value === 'object' && value !== null ? `an object (${value.constructor?.name})` : String(value));
