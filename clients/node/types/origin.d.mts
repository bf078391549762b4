/** @extends {Model<Goods, {}, import('./documents.mjs').OriginAssessment>} */
export class OriginModel extends Model<Goods, {}, import("./documents.mjs").OriginAssessment> {
    /** @param {import('./connection.mjs').Send} send @param {string} key */
    constructor(send: import("./connection.mjs").Send, key: string);
    /**
     * @param {string} hs
     * @param {string} origin
     * @param {string} destination
     * @param {Facts} [facts] without a date: today (UTC)
     * @param {Cached} [options]
     */
    get(hs: string, origin: string, destination: string, facts?: Facts, options?: Cached): Promise<import("./documents.mjs").OriginAssessment>;
    /** The cache key of an assessment. @param {Goods} goods */
    cacheKey(hs: string, origin: string, destination: string, facts?: Facts | undefined): Promise<string>;
    /**
     * A code of the nomenclature; its children or parents.
     *
     * @param {string} code
     * @param {'children' | 'parents'} [which]
     * @returns {Promise<Document[]>}
     */
    hs(code: string, which?: "children" | "parents"): Promise<Document[]>;
    /**
     * Rules, the most specific first.
     *
     * @param {{ agreement?: string, hs?: string, date?: string, party?: string, limit?: number }} [filter]
     * @returns {Promise<Document[]>}
     */
    rules(filter?: {
        agreement?: string;
        hs?: string;
        date?: string;
        party?: string;
        limit?: number;
    }): Promise<Document[]>;
    /** Removes an agreement, with its overrides. @param {string} agreement */
    drop(agreement: string): Promise<boolean>;
}
export type Cached = import("./models.mjs").Cached;
export type Document = import("./documents.mjs").Document;
/**
 * date, agreement, bom, exw, fob, tv, ..
 */
export type Facts = Record<string, unknown>;
export type Goods = [hs: string, origin: string, destination: string, facts?: Facts];
import { Model } from './models.mjs';
