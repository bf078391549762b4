/** Input-output models. A subject is a region and a sector. */

import { document, list, number, numberOrNull, isOk, isOne, text } from './replies.mjs';
import { Model, cachedRules } from './models.mjs';
import { counted, document as written, flag, named, optionWords, word } from './words.mjs';

/** @typedef {import('./models.mjs').Cached} Cached */
/** @typedef {import('./documents.mjs').Document} Document */
/** @typedef {[region: string, sector: string]} Node */

/**
 * @typedef {object} IoOptions
 * @property {string} [indicator]
 * @property {number} [layers]
 * @property {number} [top] the length of the lists in the document
 * @property {number} [paths]
 * @property {number} [cutoff]
 */

const rules = {
  indicator: named('INDICATOR'), layers: named('LAYERS'), top: named('TOP'), paths: named('PATHS'), cutoff: named('CUTOFF'),
};
const { indicator, layers, top } = rules;
const by = named('BY');
const limit = named('LIMIT');

const indicatorRules = {
  by, default: named('DEFAULT'), ignore: flag('IGNORE'), sum: flag('SUM'), totals: flag('TOTALS'), row: named('ROW'),
  unit: named('UNIT'),
};
const rankRules = { indicator, by, region: named('REGION'), sector: named('SECTOR'), limit };

/**
 * @typedef {['extract', region: string, sector: string]
 *   | ['scale', fromRegion: string, fromSector: string, toRegion: string, toSector: string, factor: number]
 *   | ['replace', region: string, sector: string, newRegion: string, share: number]
 *   | ['stress', region: string, sector: string, factor: number]} Change of the table or the indicator; * is every label
 */

/** @extends {Model<Node, IoOptions, import('./documents.mjs').IoAssessment>} */
export class IoModel extends Model {
  /** @param {import('./connection.mjs').Send} send @param {string} key */
  constructor(send, key) {
    super(send, key, 'IO', rules);
  }

  /** @param {string} region @param {string} sector @param {IoOptions & Cached} [options] */
  get(region, sector, options) {
    return this.assess([region, sector], options);
  }

  /** The cache key of an assessment. @param {string} region @param {string} sector @param {IoOptions} [options] */
  cacheKey(region, sector, options) {
    return this.keyOf([region, sector], options);
  }

  /**
   * A technical coefficient: the input from one node per unit of output of another.
   *
   * @param {string} fromRegion
   * @param {string} fromSector
   * @param {string} toRegion
   * @param {string} toSector
   */
  coef(fromRegion, fromSector, toRegion, toSector) {
    return this.ask('MODEL.COEF', [fromRegion, fromSector, toRegion, toSector].map(word), number);
  }

  /**
   * Several coefficients; null where the model lacks a label.
   *
   * @param {[fromRegion: string, fromSector: string, toRegion: string, toSector: string][]} links
   */
  mcoef(links) {
    const words = [`${links.length}`, ...links.flat().map(word)];
    return this.ask('MODEL.MCOEF', words, (reply) => list(reply).map(numberOrNull));
  }

  /**
   * Sets a named indicator, from a file of the server or from `data`: a text, or an object that is sent as JSON.
   *
   * @param {string} name
   * @param {{ file?: string, data?: string | object, by: 'node' | 'region' | 'sector' | 'product', default?: number,
   *   ignore?: boolean, sum?: boolean, totals?: boolean, row?: string, unit?: string }} source
   */
  indicator(name, { file, data, ...options }) {
    if ((file === undefined) === (data === undefined)) throw new TypeError('an indicator needs either a file or data');
    const from = file === undefined ? written('DATA')(data) : ['FILE', word(file)];
    return this.ask('MODEL.INDICATOR', [word(name), ...from, ...optionWords(options, indicatorRules)], isOk, change);
  }

  /** Whether there was such an indicator. @param {string} name */
  deleteIndicator(name) {
    return this.ask('MODEL.INDICATORDEL', [word(name)], isOne, change);
  }

  /**
   * The nodes with the largest values.
   *
   * @param {{ indicator?: string, by?: 'total' | 'mean' | 'upstream' | 'direct' | 'foreign', region?: string, sector?: string,
   *   limit?: number }} [options]
   * @returns {Promise<{ region: string, sector: string, value: number }[]>}
   */
  rank(options) {
    const parse = (/** @type {any} */ [region, sector, value]) =>
      ({ region: text(region), sector: text(sector), value: number(value) });
    return this.ask('ASSESS.RANK', optionWords(options, rankRules), (reply) => list(reply).map(parse));
  }

  /**
   * The assessment before and after changes, which are applied together, to this request only.
   *
   * @param {string} region
   * @param {string} sector
   * @param {Change[]} changes
   * @param {{ indicator?: string, layers?: number, top?: number } & Cached} [options]
   * @returns {Promise<Document>}
   */
  whatif(region, sector, changes, options) {
    const words = [region, sector, ...changes.flat()].map(word);
    return this.ask('ASSESS.WHATIF', [...words, ...optionWords(options, { indicator, layers, top, ...cachedRules })], document);
  }

  /**
   * The difference of a node in two models. In a cluster both are in one slot.
   *
   * @param {string} other the key of the other model
   * @param {string} region
   * @param {string} sector
   * @param {{ indicator?: string, top?: number } & Cached} [options]
   * @returns {Promise<Document>}
   */
  compare(other, region, sector, options) {
    const words = [other, region, sector].map(word);
    return this.ask('ASSESS.COMPARE', [...words, ...optionWords(options, { indicator, top, ...cachedRules })], document);
  }

  /**
   * What the final demand of a region, or a demand of your own, causes in the nodes.
   *
   * @param {({ region: string } | { demand: Record<string, Record<string, number>> }) & { category?: string, indicator?: string,
   *   top?: number } & Cached} options
   * @returns {Promise<Document>}
   */
  footprint(options) {
    const footprintRules = {
      region: named('REGION'), demand: written('DEMAND'), category: named('CATEGORY'), indicator, top, ...cachedRules,
    };
    return this.ask('ASSESS.FOOTPRINT', optionWords(options, footprintRules), document);
  }

  /**
   * The nodes whose totals depend most on a supplier.
   *
   * @param {string} region
   * @param {string} sector
   * @param {{ indicator?: string, by?: 'share' | 'value', limit?: number } & Cached} [options]
   * @returns {Promise<Document>}
   */
  dependents(region, sector, options) {
    const words = [region, sector].map(word);
    return this.ask('ASSESS.DEPENDENTS', [...words, ...optionWords(options, { indicator, by, limit, ...cachedRules })], document);
  }

  /**
   * The figures of all indicators, or of those that are named.
   *
   * @param {string} region
   * @param {string} sector
   * @param {{ indicators?: string[] } & Cached} [options]
   * @returns {Promise<Document>}
   */
  profile(region, sector, options) {
    const words = [region, sector].map(word);
    const profileRules = { indicators: counted('INDICATORS'), ...cachedRules };
    return this.ask('ASSESS.PROFILE', [...words, ...optionWords(options, profileRules)], document);
  }
}

const change = { readonly: false };
