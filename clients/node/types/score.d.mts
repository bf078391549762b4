/** @typedef {import('./models.mjs').Cached} Cached */
/** @typedef {import('./documents.mjs').ScoreAssessment} ScoreAssessment */
/** @typedef {Record<string, unknown>} Inputs values by the names of features; null is a missing value */
/** @typedef {{ contributions?: 'path' | 'shap' }} ScoreOptions */
/** @extends {Model<Inputs, ScoreOptions, ScoreAssessment>} */
export class ScoreModel extends Model<Inputs, ScoreOptions, import("./documents.mjs").ScoreAssessment> {
    /** @param {import('./connection.mjs').Send} send @param {string} key */
    constructor(send: import("./connection.mjs").Send, key: string);
    /** @param {Inputs} inputs @param {ScoreOptions & Cached} [options] */
    get(inputs: Inputs, options?: ScoreOptions & Cached): Promise<import("./documents.mjs").ScoreAssessment>;
    /** The cache key of an assessment. @param {Inputs} inputs @param {ScoreOptions} [options] */
    cacheKey(inputs: Inputs, options?: ScoreOptions): Promise<string>;
    /**
     * Documents of many rows, which are not cached; an AssessError in the place of each row that failed.
     *
     * @param {(Inputs | unknown[])[]} rows objects, or arrays in the order of `labels('features')`
     * @returns {Promise<(ScoreAssessment | import('./errors.mjs').AssessError)[]>}
     */
    batch(rows: (Inputs | unknown[])[]): Promise<(ScoreAssessment | import("./errors.mjs").AssessError)[]>;
    /**
     * Scores of many rows, without documents: for each row the score, one probability for each class, or one number for each
     * output. NaN is a missing value.
     *
     * @template {Float64Array | Float32Array} A
     * @param {A} rows one row after the other, in the order of `labels('features')`
     * @param {number} n how many rows they are
     * @returns {Promise<A>}
     */
    batchArray<A extends Float64Array | Float32Array>(rows: A, n: number): Promise<A>;
}
export type Cached = import("./models.mjs").Cached;
export type ScoreAssessment = import("./documents.mjs").ScoreAssessment;
/**
 * values by the names of features; null is a missing value
 */
export type Inputs = Record<string, unknown>;
export type ScoreOptions = {
    contributions?: "path" | "shap";
};
import { Model } from './models.mjs';
