/** Tiers: policies over key patterns. */

import { statistics } from './cache.mjs';
import { fields, texts } from './replies.mjs';
import { named, optionWords, repeated, word, yesNo } from './words.mjs';

/**
 * @typedef {object} Policy docs/cache/tiers.md
 * @property {number} [ttl] seconds; either this or `ttlMs`
 * @property {number} [ttlMs]
 * @property {number} [jitter] percent
 * @property {number} [grace] seconds
 * @property {number} [retryMs]
 * @property {number} [refresh] percent
 * @property {number} [negative] seconds
 * @property {number} [capacity]
 * @property {number} [maxMemory] bytes
 * @property {number} [minHit] percent
 * @property {number} [compress] bytes
 * @property {number} [leaseMs]
 * @property {number} [waitMs]
 * @property {boolean} [index]
 * @property {boolean} [enforce]
 * @property {number} [prefetch]
 * @property {string} [queue]
 */

/** @satisfies {Record<keyof Policy, import('./words.mjs').Rule>} */
const policyRules = {
  ttl: named('TTL'), ttlMs: named('PTTL'), jitter: named('JITTER'), grace: named('GRACE'), retryMs: named('RETRY'),
  refresh: named('REFRESH'), negative: named('NEGATIVE'), capacity: named('CAPACITY'), maxMemory: named('MAXMEMORY'),
  minHit: named('MINHIT'), compress: named('COMPRESS'), leaseMs: named('LEASE'), waitMs: named('WAIT'), index: yesNo('INDEX'),
  enforce: yesNo('ENFORCE'), prefetch: named('PREFETCH'), queue: named('QUEUE'),
};

const described = fields(statistics);

export class Tiers {
  #send;
  #all;

  /** @param {import('./connection.mjs').Connection} connection */
  constructor({ send, isCluster }) {
    this.#send = send;
    this.#all = isCluster ? ['CLUSTER'] : [];
  }

  /**
   * Creates a tier, or replaces its whole policy. In a cluster: on every master.
   *
   * @param {string} name
   * @param {string | string[]} patterns
   * @param {Policy} policy
   */
  async set(name, patterns, policy) {
    const words = [word(name), ...repeated('PATTERN')(patterns), ...optionWords(policy, policyRules)];
    await this.#send(['TIER.SET', ...words, ...this.#all]);
  }

  /**
   * Deletes a tier; its keys are kept. In a cluster: on every master.
   *
   * @param {string} name
   * @returns {Promise<boolean>} whether there was such a tier; in a cluster: on any master
   */
  async delete(name) {
    return Number(await this.#send(['TIER.DEL', word(name), ...this.#all])) > 0;
  }

  /** @returns {Promise<string[]>} */
  async list() {
    return texts(await this.#send(['TIER.LIST']));
  }

  /** The policy and the statistics of a tier. @param {string} name */
  async info(name) {
    return described(await this.#send(['TIER.INFO', word(name)]));
  }
}
