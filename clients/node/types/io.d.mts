/**
 * @typedef {['extract', region: string, sector: string]
 *   | ['scale', fromRegion: string, fromSector: string, toRegion: string, toSector: string, factor: number]
 *   | ['replace', region: string, sector: string, newRegion: string, share: number]
 *   | ['stress', region: string, sector: string, factor: number]} Change of the table or the indicator; * is every label
 */
/** @extends {Model<Node, IoOptions, import('./documents.mjs').IoAssessment>} */
export class IoModel extends Model<Node, IoOptions, import("./documents.mjs").IoAssessment> {
    /** @param {import('./connection.mjs').Send} send @param {string} key */
    constructor(send: import("./connection.mjs").Send, key: string);
    /** @param {string} region @param {string} sector @param {IoOptions & Cached} [options] */
    get(region: string, sector: string, options?: IoOptions & Cached): Promise<import("./documents.mjs").IoAssessment>;
    /** The cache key of an assessment. @param {string} region @param {string} sector @param {IoOptions} [options] */
    cacheKey(region: string, sector: string, options?: IoOptions): Promise<string>;
    /**
     * A technical coefficient: the input from one node per unit of output of another.
     *
     * @param {string} fromRegion
     * @param {string} fromSector
     * @param {string} toRegion
     * @param {string} toSector
     */
    coef(fromRegion: string, fromSector: string, toRegion: string, toSector: string): Promise<number>;
    /**
     * Several coefficients; null where the model lacks a label.
     *
     * @param {[fromRegion: string, fromSector: string, toRegion: string, toSector: string][]} links
     */
    mcoef(links: [fromRegion: string, fromSector: string, toRegion: string, toSector: string][]): Promise<(number | null)[]>;
    /**
     * Sets a named indicator, from a file of the server or from `data`: a text, or an object that is sent as JSON.
     *
     * @param {string} name
     * @param {{ file?: string, data?: string | object, by: 'node' | 'region' | 'sector' | 'product', default?: number,
     *   ignore?: boolean, sum?: boolean, totals?: boolean, row?: string, unit?: string }} source
     */
    indicator(name: string, { file, data, ...options }: {
        file?: string;
        data?: string | object;
        by: "node" | "region" | "sector" | "product";
        default?: number;
        ignore?: boolean;
        sum?: boolean;
        totals?: boolean;
        row?: string;
        unit?: string;
    }): Promise<boolean>;
    /** Whether there was such an indicator. @param {string} name */
    deleteIndicator(name: string): Promise<boolean>;
    /**
     * The nodes with the largest values.
     *
     * @param {{ indicator?: string, by?: 'total' | 'mean' | 'upstream' | 'direct' | 'foreign', region?: string, sector?: string,
     *   limit?: number }} [options]
     * @returns {Promise<{ region: string, sector: string, value: number }[]>}
     */
    rank(options?: {
        indicator?: string;
        by?: "total" | "mean" | "upstream" | "direct" | "foreign";
        region?: string;
        sector?: string;
        limit?: number;
    }): Promise<{
        region: string;
        sector: string;
        value: number;
    }[]>;
    /**
     * The assessment before and after changes, which are applied together, to this request only.
     *
     * @param {string} region
     * @param {string} sector
     * @param {Change[]} changes
     * @param {{ indicator?: string, layers?: number, top?: number } & Cached} [options]
     * @returns {Promise<Document>}
     */
    whatif(region: string, sector: string, changes: Change[], options?: {
        indicator?: string;
        layers?: number;
        top?: number;
    } & Cached): Promise<Document>;
    /**
     * The difference of a node in two models. In a cluster both are in one slot.
     *
     * @param {string} other the key of the other model
     * @param {string} region
     * @param {string} sector
     * @param {{ indicator?: string, top?: number } & Cached} [options]
     * @returns {Promise<Document>}
     */
    compare(other: string, region: string, sector: string, options?: {
        indicator?: string;
        top?: number;
    } & Cached): Promise<Document>;
    /**
     * What the final demand of a region, or a demand of your own, causes in the nodes.
     *
     * @param {({ region: string } | { demand: Record<string, Record<string, number>> }) & { category?: string, indicator?: string,
     *   top?: number } & Cached} options
     * @returns {Promise<Document>}
     */
    footprint(options: ({
        region: string;
    } | {
        demand: Record<string, Record<string, number>>;
    }) & {
        category?: string;
        indicator?: string;
        top?: number;
    } & Cached): Promise<Document>;
    /**
     * The nodes whose totals depend most on a supplier.
     *
     * @param {string} region
     * @param {string} sector
     * @param {{ indicator?: string, by?: 'share' | 'value', limit?: number } & Cached} [options]
     * @returns {Promise<Document>}
     */
    dependents(region: string, sector: string, options?: {
        indicator?: string;
        by?: "share" | "value";
        limit?: number;
    } & Cached): Promise<Document>;
    /**
     * The figures of all indicators, or of those that are named.
     *
     * @param {string} region
     * @param {string} sector
     * @param {{ indicators?: string[] } & Cached} [options]
     * @returns {Promise<Document>}
     */
    profile(region: string, sector: string, options?: {
        indicators?: string[];
    } & Cached): Promise<Document>;
}
export type Cached = import("./models.mjs").Cached;
export type Document = import("./documents.mjs").Document;
export type Node = [region: string, sector: string];
export type IoOptions = {
    indicator?: string | undefined;
    layers?: number | undefined;
    /**
     * the length of the lists in the document
     */
    top?: number | undefined;
    paths?: number | undefined;
    cutoff?: number | undefined;
};
/**
 * of the table or the indicator; * is every label
 */
export type Change = ["extract", region: string, sector: string] | ["scale", fromRegion: string, fromSector: string, toRegion: string, toSector: string, factor: number] | ["replace", region: string, sector: string, newRegion: string, share: number] | ["stress", region: string, sector: string, factor: number];
import { Model } from './models.mjs';
