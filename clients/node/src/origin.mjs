/** Rules-of-origin models. A subject is a product, a country of origin, one of destination, and facts. */

import { Model } from './models.mjs';
import { documents, isOk } from './replies.mjs';
import { named, optionWords, word } from './words.mjs';

/** @typedef {import('./models.mjs').Cached} Cached */
/** @typedef {import('./documents.mjs').Document} Document */
/** @typedef {Record<string, unknown>} Facts date, agreement, bom, exw, fob, tv, .. */
/** @typedef {[hs: string, origin: string, destination: string, facts?: Facts]} Goods */

const ruleFilter = {
  agreement: named('AGREEMENT'), hs: named('HS'), date: named('DATE'), party: named('PARTY'), limit: named('LIMIT'),
};

/** @extends {Model<Goods, {}, import('./documents.mjs').OriginAssessment>} */
export class OriginModel extends Model {
  /** @param {import('./connection.mjs').Send} send @param {string} key */
  constructor(send, key) {
    super(send, key, 'ORIGIN', {});
  }

  /**
   * @param {string} hs
   * @param {string} origin
   * @param {string} destination
   * @param {Facts} [facts] without a date: today (UTC)
   * @param {Cached} [options]
   */
  get(hs, origin, destination, facts, options) {
    return this.assess(facts ? [hs, origin, destination, facts] : [hs, origin, destination], options);
  }

  /** The cache key of an assessment. @param {Goods} goods */
  cacheKey(...goods) {
    return this.keyOf(goods);
  }

  /**
   * A code of the nomenclature; its children or parents.
   *
   * @param {string} code
   * @param {'children' | 'parents'} [which]
   * @returns {Promise<Document[]>}
   */
  hs(code, which) {
    return this.ask('MODEL.HS', [word(code), ...(which === undefined ? [] : [word(which)])], documents);
  }

  /**
   * Rules, the most specific first.
   *
   * @param {{ agreement?: string, hs?: string, date?: string, party?: string, limit?: number }} [filter]
   * @returns {Promise<Document[]>}
   */
  rules(filter) {
    return this.ask('MODEL.RULES', optionWords(filter, ruleFilter), documents);
  }

  /** Removes an agreement, with its overrides. @param {string} agreement */
  drop(agreement) {
    return this.ask('MODEL.DROP', [word(agreement)], isOk, { readonly: false });
  }
}
