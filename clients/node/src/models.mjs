/** Models: what all kinds have. A handle sends nothing until a method is called. */

import { setTimeout as pause } from 'node:timers/promises';
import { ModelFailed, TimedOut } from './errors.mjs';
import { Queue } from './queue.mjs';
import { document, documents, fields, outcomes, text, texts } from './replies.mjs';
import { flag, json, life, named, optionWords, time, word, yesNo } from './words.mjs';

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
export const cachedRules = { tenant: named('TENANT'), ...life, noCache: flag('NOCACHE'), refresh: flag('REFRESH') };

/**
 * @typedef {object} Load options of MODEL.LOAD and MODEL.SET, docs/commands/model.load.md
 * @property {string} [file] below assess.data-dir of the server; either this or `data`
 * @property {Word | Uint8Array} [data] the bytes of the file
 * @property {string} [format]
 * @property {'reported' | 'rowsum'} [output]
 * @property {'merge' | 'keep'} [split]
 * @property {'f64' | 'f32'} [precision]
 * @property {'full' | 'lazy'} [leontief]
 * @property {string} [member]
 * @property {string} [region]
 * @property {string} [separator]
 * @property {'region-first' | 'sector-first'} [order]
 * @property {'error' | 'zero'} [negative]
 * @property {'error' | 'sum'} [duplicates]
 * @property {boolean} [demand]
 * @property {number | 'json'} [decimals]
 * @property {'best' | 'all'} [trees]
 * @property {number} [missing]
 * @property {string[]} [classes]
 * @property {object | string} [calibration]
 * @property {number} [history] how many assessments the model remembers
 * @property {boolean} [keep] the indicators whose labels all exist are carried over
 * @property {boolean} [noReplace]
 */

const loadRules = {
  format: named('FORMAT'), output: named('OUTPUT'), split: named('SPLIT'), precision: named('PRECISION'),
  leontief: named('LEONTIEF'), member: named('MEMBER'), region: named('REGION'), separator: named('SEPARATOR'),
  order: named('ORDER'), negative: named('NEGATIVE'), duplicates: named('DUPLICATES'), demand: yesNo('DEMAND'),
  decimals: named('DECIMALS'), trees: named('TREES'), missing: named('MISSING'),
  classes: (/** @type {string[]} */ names) => ['CLASSES', names.join(',')],
  calibration: (/** @type {unknown} */ value) => ['CALIBRATION', typeof value === 'string' ? value : json(value)],
  history: named('HISTORY'), keep: flag('KEEP'), noReplace: flag('NOREPLACE'),
};

/**
 * @typedef {object} HistoryFilter
 * @property {string} [subject] USA:C10T12, 847130:MX:US, a JSON object of inputs or its hash
 * @property {string} [tenant]
 * @property {string} [agreement]
 * @property {string} [hs]
 * @property {[origin: string, destination: string]} [route]
 * @property {string} [status] verdict, band or class
 * @property {number} [confidence] the least
 * @property {string} [hash]
 * @property {number} [id]
 * @property {Date | number} [since]
 * @property {Date | number} [until]
 * @property {number} [limit]
 */

const historyRules = {
  subject: named('SUBJECT'), tenant: named('TENANT'), agreement: named('AGREEMENT'), hs: named('HS'),
  route: (/** @type {[string, string]} */ [origin, destination]) => ['ROUTE', word(origin), word(destination)],
  status: named('STATUS'), confidence: named('CONFIDENCE'), hash: named('HASH'), id: named('ID'), since: time('SINCE'),
  until: time('UNTIL'), limit: named('LIMIT'),
};

const findRules = {
  in: named('IN'), section: named('SECTION'), chapter: named('CHAPTER'), level: named('LEVEL'), limit: named('LIMIT'),
};

const info = fields({ history: fields() });

/**
 * @template S a subject: a row of labels, codes and facts, or an object of inputs
 * @template O the options of its assessment
 * @template D the document of its assessment
 */
export class Model {
  /** @type {Send} */
  #send;

  /**
   * @param {Send} send
   * @param {string} key
   * @param {'IO' | 'SCORE' | 'ORIGIN'} kind
   * @param {Record<string, import('./words.mjs').Rule>} variants the options that are part of the cache key
   */
  constructor(send, key, kind, variants) {
    this.#send = send;
    this.key = key;
    this.kind = kind;
    /** @protected */
    this.variants = variants;
  }

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
  async ask(command, words, parse, sending) {
    return parse(await this.#send([command, this.key, ...words], { key: this.key, readonly: true, ...sending }));
  }

  /**
   * Loads the model from a file of the server, or from bytes; gives its description. The key changes only if all is well.
   *
   * @param {Load & { timeoutMs?: number }} source timeoutMs: the longest wait for the server, by default ten minutes
   * @returns {Promise<ModelInfo>}
   */
  load({ file, data, timeoutMs = 600_000, ...options }) {
    if ((file === undefined) === (data === undefined)) throw new TypeError('load needs either a file or data');
    const from = file === undefined ? [this.kind, word(data)] : [this.kind, 'FILE', word(file)];
    const command = file === undefined ? 'MODEL.SET' : 'MODEL.LOAD';
    const words = [...from, ...optionWords(options, loadRules)];
    return this.ask(command, words, described, { readonly: false, waitMs: timeoutMs });
  }

  /**
   * Waits until the model is ready; gives its description.
   *
   * @param {{ timeoutMs?: number }} [options] by default a minute
   * @returns {Promise<ModelInfo>}
   */
  async wait({ timeoutMs = 60_000 } = {}) {
    const end = performance.now() + timeoutMs;
    for (let between = 10; ; between = Math.min(2 * between, 500)) {
      const found = await this.info();
      if (found.state === 'ready') return found;
      if (found.state === 'failed') throw new ModelFailed(`${this.key}: ${found.warnings.join('; ')}`);
      if (performance.now() + between > end) throw new TimedOut(`${this.key} is ${found.state} after ${timeoutMs} ms`);
      await pause(between);
    }
  }

  /** @returns {Promise<ModelInfo>} */
  info() {
    return this.ask('MODEL.INFO', [], described);
  }

  /** @param {'regions' | 'sectors' | 'nodes' | 'indicators' | 'demand' | 'features' | 'classes' | 'outputs' | 'agreements'} which */
  labels(which) {
    return this.ask('MODEL.LABELS', [word(which)], texts);
  }

  /**
   * Labels and descriptions that match words, best matches first.
   *
   * @param {string} words
   * @param {{ in?: 'sectors' | 'hs' | 'rules', section?: string, chapter?: string, level?: number, limit?: number }} [options]
   * @returns {Promise<Document[]>}
   */
  find(words, options) {
    return this.ask('MODEL.FIND', [word(words), ...optionWords(options, findRules)], documents);
  }

  /**
   * The assessments of several subjects; an AssessError in the place of each that failed.
   *
   * @param {S[]} subjects
   * @param {O & Cached} [options]
   * @returns {Promise<(D | import('./errors.mjs').AssessError)[]>}
   */
  mget(subjects, options) {
    return this.ask('ASSESS.MGET', [...counted(subjects), ...this.optionWords(options)], outcomes);
  }

  /**
   * The assessments that were computed, newest first, of a model that was loaded with `history`.
   *
   * @param {HistoryFilter} [filter]
   * @returns {Promise<Document[]>}
   */
  history(filter) {
    return this.ask('ASSESS.HISTORY', optionWords(filter, historyRules), documents);
  }

  /**
   * Submits a job that caches assessments: all of an IO model, those that are requested most (`hot`), or `subjects`. Gives
   * its id in the queue `jobs`.
   *
   * @param {{ subjects?: S[], hot?: number } & O & import('./words.mjs').Life & { refresh?: boolean }} [options]
   * @returns {Promise<string>}
   */
  warm(options) {
    const { subjects, hot, ...rest } = /** @type {{ subjects?: S[], hot?: number }} */ (options ?? {});
    if (subjects && hot !== undefined) throw new TypeError('warm takes either subjects or hot');
    const rules = { ...this.variants, ...life, refresh: flag('REFRESH') };
    const extent = subjects ? ['LIST', ...counted(subjects)] : hot === undefined ? ['ALL'] : ['HOT', word(hot)];
    return this.ask('ASSESS.WARM', [...extent, ...optionWords(rest, rules)], text, { readonly: false });
  }

  /** The queue of the jobs that the module runs for this model. */
  get jobs() {
    const tag = /\{([^}]+)\}/.exec(this.key)?.[1] ?? this.key;
    return new Queue(this.#send, `assess:jobs:{${tag}}`);
  }

  /** @protected @param {S} subject @param {O & Cached} [options] @returns {Promise<D>} */
  assess(subject, options) {
    return this.ask('ASSESS.GET', [...subjectWords(subject), ...this.optionWords(options)], document);
  }

  /** @protected @param {S} subject @param {O} [options] @returns {Promise<string>} */
  keyOf(subject, options) {
    return this.ask('ASSESS.KEY', [...subjectWords(subject), ...optionWords(options ?? {}, this.variants)], text);
  }

  /** @protected @param {(O & Cached) | undefined} options */
  optionWords(options) {
    return optionWords(options, { ...this.variants, ...cachedRules });
  }
}

/** @type {(reply: any) => ModelInfo} */
const described = (reply) => /** @type {ModelInfo} */ (info(reply));

/** Labels and codes unchanged, objects as JSON. @param {unknown} subject @returns {Word[]} */
export const subjectWords = (subject) => {
  const parts = Array.isArray(subject) ? subject : [subject];
  return parts.map((part) => (typeof part === 'object' && part !== null ? json(part) : word(part)));
};

/** @param {unknown[]} subjects @returns {Word[]} */
const counted = (subjects) => [`${subjects.length}`, ...subjects.flatMap(subjectWords)];
