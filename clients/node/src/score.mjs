/** Score models. A subject is an object of inputs. */

import { endianness } from 'node:os';
import { Model } from './models.mjs';
import { outcomes } from './replies.mjs';
import { json, named } from './words.mjs';

/** @typedef {import('./models.mjs').Cached} Cached */
/** @typedef {import('./documents.mjs').ScoreAssessment} ScoreAssessment */
/** @typedef {Record<string, unknown>} Inputs values by the names of features; null is a missing value */
/** @typedef {{ contributions?: 'path' | 'shap' }} ScoreOptions */

/** @extends {Model<Inputs, ScoreOptions, ScoreAssessment>} */
export class ScoreModel extends Model {
  /** @param {import('./connection.mjs').Send} send @param {string} key */
  constructor(send, key) {
    super(send, key, 'SCORE', { contributions: named('CONTRIBUTIONS') });
  }

  /** @param {Inputs} inputs @param {ScoreOptions & Cached} [options] */
  get(inputs, options) {
    return this.assess(inputs, options);
  }

  /** The cache key of an assessment. @param {Inputs} inputs @param {ScoreOptions} [options] */
  cacheKey(inputs, options) {
    return this.keyOf(inputs, options);
  }

  /**
   * Documents of many rows, which are not cached; an AssessError in the place of each row that failed.
   *
   * @param {(Inputs | unknown[])[]} rows objects, or arrays in the order of `labels('features')`
   * @returns {Promise<(ScoreAssessment | import('./errors.mjs').AssessError)[]>}
   */
  batch(rows) {
    return this.ask('ASSESS.BATCH', [`${rows.length}`, json(rows)], outcomes);
  }

  /**
   * Scores of many rows, without documents: for each row the score, one probability for each class, or one number for each
   * output. NaN is a missing value.
   *
   * @template {Float64Array | Float32Array} A
   * @param {A} rows one row after the other, in the order of `labels('features')`
   * @param {number} n how many rows they are
   * @returns {Promise<A>}
   */
  async batchArray(rows, n) {
    if (endianness() !== 'LE') throw new TypeError('batchArray needs a little-endian machine');
    const isDouble = rows instanceof Float64Array;
    const bytes = Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength);
    const words = [`${n}`, bytes, 'FORMAT', isDouble ? 'f64' : 'f32'];
    const found = await this.ask('ASSESS.BATCH', words, (reply) => Uint8Array.from(reply).buffer, { bytes: true });
    return /** @type {A} */ (isDouble ? new Float64Array(found) : new Float32Array(found));
  }
}
