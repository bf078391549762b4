/** Queues of jobs. A handle sends nothing until a method is called. Worker runs the jobs. */

import { JobFailed, TimedOut } from './errors.mjs';
import { fields, list, number, numberOrNull, text, texts } from './replies.mjs';
import { document, encoded, named, optionWords, time, word } from './words.mjs';

/** @typedef {import('./words.mjs').Word} Word */
/** @typedef {import('./documents.mjs').JobStatus} JobStatus */
/** @typedef {'delayed' | 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'dead'} State */

/**
 * @typedef {object} Submission docs/commands/job.submit.md
 * @property {'low' | 'normal' | 'high' | 'critical'} [priority]
 * @property {number} [delayMs]
 * @property {Date | number} [at] when the job can be claimed: a Date, or Unix milliseconds
 * @property {number} [ttl] seconds for which the job is kept after its end
 * @property {number} [retries]
 * @property {number} [backoffMs]
 * @property {number} [timeoutMs]
 * @property {'queued' | 'active' | 'rerun' | 'replace'} [unique]
 * @property {string} [group]
 * @property {object | string} [metadata] a text that is JSON, or an object
 */

const submissionRules = {
  priority: named('PRIORITY'), delayMs: named('DELAY'), at: time('AT'), ttl: named('TTL'), retries: named('RETRIES'),
  backoffMs: named('BACKOFF'), timeoutMs: named('TIMEOUT'), unique: named('UNIQUE'), group: named('GROUP'),
  metadata: document('METADATA'),
};
const listRules = {
  status: named('STATUS'), type: named('TYPE'), group: named('GROUP'), offset: named('OFFSET'), limit: named('LIMIT'),
};

const job = fields({ duration_seconds: numberOrNull });
const jobInBytes = fields({ duration_seconds: numberOrNull, result: (reply) => reply });
const times = fields({ average_ms: number, p50_ms: number, p95_ms: number, p99_ms: number, max_ms: number });
const queueInfo = fields({
  types: (reply) => list(reply).map(fields()), jobs_per_second: number, waiting_time: times, running_time: times,
});

/** One wait for a job; a longer one is repeated, so that it survives the loss of a connection. */
const STEP_MS = 5000;

export class Queue {
  /** @type {import('./connection.mjs').Send} */
  #send;

  /** @param {import('./connection.mjs').Send} send @param {string} key */
  constructor(send, key) {
    this.#send = send;
    this.key = key;
  }

  /**
   * Submits a job.
   *
   * @param {string} type which handler runs the job
   * @param {unknown} [payload] bytes and text unchanged, any other value as JSON
   * @param {Submission & { id?: string }} [options]
   * @returns {Promise<{ id: string, created: boolean }>} not created: it is a duplicate of the job with this id
   */
  async submit(type, payload = '', options) {
    const words = [word(type), encoded(payload), ...optionWords(options, { id: named('ID'), ...submissionRules })];
    const [id, outcome] = await this.#ask('JOB.SUBMIT', words, texts);
    return { id, created: outcome === 'created' };
  }

  /**
   * Submits several jobs with the same options, all or none; gives their ids.
   *
   * @param {[type: string, payload: unknown][]} jobs
   * @param {Submission} [options]
   * @returns {Promise<string[]>}
   */
  submitMany(jobs, options) {
    const words = jobs.flatMap(([type, payload]) => [word(type), encoded(payload)]);
    return this.#ask('JOB.SUBMITMANY', [`${jobs.length}`, ...words, ...optionWords(options, submissionRules)], texts);
  }

  /** @param {string} id @returns {Promise<JobStatus>} */
  status(id) {
    return this.#ask('JOB.STATUS', [word(id)], asStatus, { readonly: true });
  }

  /** The state after it: `cancelled`, or `running` until the worker reports. @param {string} id @returns {Promise<State>} */
  cancel(id) {
    return this.#ask('JOB.CANCEL', [word(id)], (reply) => /** @type {State} */ (text(reply)));
  }

  /** A failed, dead or cancelled job is pending again. @param {string} id */
  async retry(id) {
    await this.#ask('JOB.RETRY', [word(id)], text);
  }

  /**
   * The status of a job that has ended; null when the time is over.
   *
   * @param {string} id
   * @param {{ timeoutMs?: number }} [options] by default the wait has no limit
   * @returns {Promise<JobStatus | null>}
   */
  wait(id, { timeoutMs = Infinity } = {}) {
    return this.#ended(id, timeoutMs, false);
  }

  /**
   * The result of a job, when it has ended. Rejects with JobFailed when the job has failed, was cancelled or is dead, and with
   * TimedOut when the time is over.
   *
   * @overload
   * @param {string} id
   * @param {{ timeoutMs?: number, bytes?: false }} [options]
   * @returns {Promise<string>}
   *
   * @overload
   * @param {string} id
   * @param {{ timeoutMs?: number, bytes: true }} options
   * @returns {Promise<Buffer>}
   *
   * @param {string} id
   * @param {{ timeoutMs?: number, bytes?: boolean }} [options]
   * @returns {Promise<any>}
   */
  async result(id, { timeoutMs = Infinity, bytes = false } = {}) {
    const ended = await this.#ended(id, timeoutMs, bytes);
    if (!ended) throw new TimedOut(`job ${id} has not ended after ${timeoutMs} ms`);
    if (ended.status !== 'completed') throw new JobFailed(ended);
    return ended.result;
  }

  /**
   * Jobs, newest first, without traceback, result and metadata.
   *
   * @param {{ status?: State, type?: string, group?: string, offset?: number, limit?: number }} [filter]
   * @returns {Promise<JobStatus[]>}
   */
  list(filter) {
    return this.#ask('JOB.LIST', optionWords(filter, listRules), (reply) => list(reply).map(asStatus), { readonly: true });
  }

  /** The state of the queue: docs/commands/job.info.md. */
  info() {
    return this.#ask('JOB.INFO', [], queueInfo, { readonly: true });
  }

  /** @param {string} id @param {number} timeoutMs @param {boolean} bytes @returns {Promise<JobStatus | null>} */
  async #ended(id, timeoutMs, bytes) {
    const end = performance.now() + timeoutMs;
    const parse = bytes ? jobInBytes : job;
    for (;;) {
      // At least 1: BLOCK 0 waits without limit.
      const waitMs = Math.max(1, Math.min(STEP_MS, Math.ceil(end - performance.now())));
      const sending = { readonly: true, bytes, waitMs };
      const found = await this.#ask('JOB.WAIT', [word(id), 'BLOCK', `${waitMs}`], (reply) => reply && parse(reply), sending);
      if (found || performance.now() >= end) return /** @type {JobStatus | null} */ (found);
    }
  }

  /**
   * @template T
   * @param {string} command
   * @param {Word[]} words
   * @param {(reply: any) => T} parse
   * @param {import('./connection.mjs').Sending} [sending]
   * @returns {Promise<T>}
   */
  async #ask(command, words, parse, sending) {
    return parse(await this.#send([command, this.key, ...words], { key: this.key, ...sending }));
  }
}

/** @type {(reply: any) => JobStatus} */
const asStatus = (reply) => /** @type {JobStatus} */ (/** @type {unknown} */ (job(reply)));
