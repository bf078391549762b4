/** @typedef {import('./words.mjs').Word} Word */
/** @typedef {import('./connection.mjs').Send} Send */
/** @typedef {import('./documents.mjs').ModelInfo} ModelInfo */
/** @typedef {import('./documents.mjs').Document} Document */
/**
 * @typedef {object} Storing
 * @property {string} [tenant] recorded in the history of the model; not part of the cache key
 * @property {boolean} [noCache] compute; neither read the cache nor store
 * @property {boolean} [refresh] compute, and replace the cached one
 *
 * @typedef {Storing & import('./words.mjs').Life} Cached how an assessment is cached
 */
/** @satisfies {Record<keyof Cached, import('./words.mjs').Rule>} */
export const cachedRules: {
    noCache: import("./words.mjs").Rule;
    refresh: import("./words.mjs").Rule;
    ttl: import("./words.mjs").Rule;
    ttlMs: import("./words.mjs").Rule;
    expireAt: import("./words.mjs").Rule;
    keepTtl: import("./words.mjs").Rule;
    tenant: import("./words.mjs").Rule;
};
/**
 * @template S a subject: a row of labels, codes and facts, or an object of inputs
 * @template O the options of its assessment
 * @template D the document of its assessment
 */
export class Model<S, O, D> {
    /**
     * @param {Send} send
     * @param {string} key
     * @param {'IO' | 'SCORE' | 'ORIGIN'} kind
     * @param {Record<string, import('./words.mjs').Rule>} variants the options that are part of the cache key
     */
    constructor(send: Send, key: string, kind: "IO" | "SCORE" | "ORIGIN", variants: Record<string, import("./words.mjs").Rule>);
    key: string;
    kind: "IO" | "SCORE" | "ORIGIN";
    /** @protected */
    protected variants: Record<string, import("./words.mjs").Rule>;
    /**
     * A command whose first argument is the key of the model.
     *
     * @template T
     * @param {string} command
     * @param {Word[]} words
     * @param {(reply: any) => T} parse
     * @param {import('./connection.mjs').Sending} [sending]
     * @returns {Promise<T>}
     */
    ask<T>(command: string, words: Word[], parse: (reply: any) => T, sending?: import("./connection.mjs").Sending): Promise<T>;
    /**
     * Loads the model from a file of the server, or from bytes; gives its description. The key changes only if all is well.
     *
     * @param {Load & { timeoutMs?: number }} source timeoutMs: the longest wait for the server, by default ten minutes
     * @returns {Promise<ModelInfo>}
     */
    load({ file, data, timeoutMs, ...options }: Load & {
        timeoutMs?: number;
    }): Promise<ModelInfo>;
    /**
     * Waits until the model is ready; gives its description.
     *
     * @param {{ timeoutMs?: number }} [options] by default a minute
     * @returns {Promise<ModelInfo>}
     */
    wait({ timeoutMs }?: {
        timeoutMs?: number;
    }): Promise<ModelInfo>;
    /** @returns {Promise<ModelInfo>} */
    info(): Promise<ModelInfo>;
    /** @param {'regions' | 'sectors' | 'nodes' | 'indicators' | 'demand' | 'features' | 'classes' | 'outputs' | 'agreements'} which */
    labels(which: "regions" | "sectors" | "nodes" | "indicators" | "demand" | "features" | "classes" | "outputs" | "agreements"): Promise<string[]>;
    /**
     * Labels and descriptions that match words, best matches first.
     *
     * @param {string} words
     * @param {{ in?: 'sectors' | 'hs' | 'rules', section?: string, chapter?: string, level?: number, limit?: number }} [options]
     * @returns {Promise<Document[]>}
     */
    find(words: string, options?: {
        in?: "sectors" | "hs" | "rules";
        section?: string;
        chapter?: string;
        level?: number;
        limit?: number;
    }): Promise<Document[]>;
    /**
     * The assessments of several subjects; an AssessError in the place of each that failed.
     *
     * @param {S[]} subjects
     * @param {O & Cached} [options]
     * @returns {Promise<(D | import('./errors.mjs').AssessError)[]>}
     */
    mget(subjects: S[], options?: O & Cached): Promise<(D | import("./errors.mjs").AssessError)[]>;
    /**
     * The assessments that were computed, newest first, of a model that was loaded with `history`.
     *
     * @param {HistoryFilter} [filter]
     * @returns {Promise<Document[]>}
     */
    history(filter?: HistoryFilter): Promise<Document[]>;
    /**
     * Submits a job that caches assessments: all of an IO model, those that are requested most (`hot`), or `subjects`. Gives
     * its id in the queue `jobs`.
     *
     * @param {{ subjects?: S[], hot?: number } & O & import('./words.mjs').Life & { refresh?: boolean }} [options]
     * @returns {Promise<string>}
     */
    warm(options?: {
        subjects?: S[];
        hot?: number;
    } & O & import("./words.mjs").Life & {
        refresh?: boolean;
    }): Promise<string>;
    /** The queue of the jobs that the module runs for this model. */
    get jobs(): Queue;
    /** @protected @param {S} subject @param {O & Cached} [options] @returns {Promise<D>} */
    protected assess(subject: S, options?: O & Cached): Promise<D>;
    /** @protected @param {S} subject @param {O} [options] @returns {Promise<string>} */
    protected keyOf(subject: S, options?: O): Promise<string>;
    /** @protected @param {(O & Cached) | undefined} options */
    protected optionWords(options: (O & Cached) | undefined): import("./words.mjs").Word[];
    #private;
}
export function subjectWords(subject: unknown): Word[];
export type Word = import("./words.mjs").Word;
export type Send = import("./connection.mjs").Send;
export type ModelInfo = import("./documents.mjs").ModelInfo;
export type Document = import("./documents.mjs").Document;
export type Storing = {
    /**
     * recorded in the history of the model; not part of the cache key
     */
    tenant?: string | undefined;
    /**
     * compute; neither read the cache nor store
     */
    noCache?: boolean | undefined;
    /**
     * compute, and replace the cached one
     */
    refresh?: boolean | undefined;
};
/**
 * how an assessment is cached
 */
export type Cached = Storing & import("./words.mjs").Life;
/**
 * options of MODEL.LOAD and MODEL.SET, docs/commands/model.load.md
 */
export type Load = {
    /**
     * below assess.data-dir of the server; either this or `data`
     */
    file?: string | undefined;
    /**
     * the bytes of the file
     */
    data?: import("./words.mjs").Word | Uint8Array<ArrayBufferLike> | undefined;
    format?: string | undefined;
    output?: "reported" | "rowsum" | undefined;
    split?: "merge" | "keep" | undefined;
    precision?: "f64" | "f32" | undefined;
    leontief?: "full" | "lazy" | undefined;
    member?: string | undefined;
    region?: string | undefined;
    separator?: string | undefined;
    order?: "region-first" | "sector-first" | undefined;
    negative?: "error" | "zero" | undefined;
    duplicates?: "error" | "sum" | undefined;
    demand?: boolean | undefined;
    decimals?: number | "json" | undefined;
    trees?: "all" | "best" | undefined;
    missing?: number | undefined;
    classes?: string[] | undefined;
    calibration?: string | object | undefined;
    /**
     * how many assessments the model remembers
     */
    history?: number | undefined;
    /**
     * the indicators whose labels all exist are carried over
     */
    keep?: boolean | undefined;
    noReplace?: boolean | undefined;
};
export type HistoryFilter = {
    /**
     * USA:C10T12, 847130:MX:US, a JSON object of inputs or its hash
     */
    subject?: string | undefined;
    tenant?: string | undefined;
    agreement?: string | undefined;
    hs?: string | undefined;
    route?: [origin: string, destination: string] | undefined;
    /**
     * verdict, band or class
     */
    status?: string | undefined;
    /**
     * the least
     */
    confidence?: number | undefined;
    hash?: string | undefined;
    id?: number | undefined;
    since?: number | Date | undefined;
    until?: number | Date | undefined;
    limit?: number | undefined;
};
import { Queue } from './queue.mjs';
