/**
 * A worker for a job queue of redis-assess, over a client of node-redis (`client` of `connect` is one).
 *
 *   const worker = new Worker(client, 'mail', { send }, { concurrency: 10, decode: JSON.parse });
 *   worker.stopOnSignals();
 *   await worker.run();
 *
 * A handler is a function of the payload, of `updateProgress(percent, message)` and of `{ id, attempt, metadata, signal }`.
 * What it returns is the result of the job. After an error the job is run again later, after GiveUp it is not. `signal` is
 * aborted when the handler must stop. A job can run twice, for example when a worker ends before its report: make handlers
 * idempotent, with `id`, which is the same in every run. A computation that blocks the event loop blocks the heartbeats.
 */

import { once } from 'node:events';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { ErrorReply, RESP_TYPES } from 'redis';

/** Thrown by a handler: the job has failed and is not run again. */
export class GiveUp extends Error {}

/** The reason of `signal`, also thrown by `updateProgress`: the job was cancelled or its lease is lost. */
export class Cancelled extends Error {}

/** @typedef {(percent: number, message?: string) => void} UpdateProgress */
/** @typedef {{ id: string, attempt: number, metadata: Buffer | null, signal: AbortSignal }} Run */
/** @typedef {(payload: any, updateProgress: UpdateProgress, run: Run) => unknown} Handler */
/** @typedef {{ id: string, rawId: any, token: any, type: string, payload: any, attempt: number, metadata: any }} Job */
/**
 * @typedef {object} Running
 * @property {Job} job
 * @property {AbortController} stopped
 * @property {AbortSignal} lost nothing is reported
 * @property {(error: Error) => void} lose
 * @property {any[]} progress
 * @property {boolean} news
 * @property {boolean} hasEnded
 */

/** Runs the jobs of a queue. */
export class Worker {
  /** @type {Map<Promise<void>, Running>} runs by the promises of their ends */
  #runs = new Map();
  #stopping = new AbortController();
  /** @type {(value?: any) => void} */
  #changed = () => {};

  /**
   * @param {any} client a client, connected; claims use a duplicate of it
   * @param {string} queue the key of the queue
   * @param {Record<string, Handler>} handlers the handler of each type of job
   * @param {object} [options]
   * @param {number} [options.concurrency] how many jobs run at a time; by default 1
   * @param {number} [options.leaseMs] after so many milliseconds without a heartbeat another worker gets the job; by default
   *   30,000. There are three heartbeats per lease, and more when there is new progress, at most two per second
   * @param {number} [options.grace] how many seconds running jobs get after `stop`, by default 10. The leases of those that
   *   still run expire
   * @param {number} [options.blockMs] how long a claim waits for a job; by default 2000
   * @param {string} [options.name] the worker in JOB.STATUS; by default the host and the process
   * @param {(payload: any) => any} [options.decode] makes the argument of a handler from the Buffer of the payload
   * @param {(error: Error) => void} [options.onError] gets errors of handlers and of Redis; by default console.error
   */
  constructor(client, queue, handlers, options = {}) {
    const { concurrency = 1, leaseMs = 30_000, grace = 10, blockMs = 2000, name = `${hostname()}:${process.pid}` } = options;
    const { decode = (payload) => payload, onError = (error) => console.error('worker:', error) } = options;
    const types = Object.keys(handlers);
    if (!types.length || !(concurrency >= 1)) throw new RangeError('a worker needs a handler and a concurrency of at least 1');
    const claim = ['JOB.CLAIM', queue, types.length, ...types, 'LEASE', leaseMs, 'BLOCK', blockMs, 'WORKER', name, 'COUNT'];
    this.client = client;
    this.queue = queue;
    this.handlers = handlers;
    this.concurrency = concurrency;
    this.leaseMs = leaseMs;
    this.grace = grace;
    this.decode = decode;
    this.onError = onError;
    this.claim = claim;
  }

  /** Claims and runs jobs until `stop`; settles when they have ended, or after the grace. */
  async run() {
    const stopping = this.#stopping.signal;
    // A claim blocks its connection. Without a connection it fails, so that `stop` need not wait for one.
    const claims = this.client.duplicate({ disableOfflineQueue: true }).on('error', this.onError);
    try {
      if (!stopping.aborted) await Promise.race([claims.connect(), once(stopping, 'abort')]);
      while (!stopping.aborted) {
        const free = this.concurrency - this.#runs.size;
        if (!free) await new Promise((resolve) => { this.#changed = resolve; });
        else {
          const words = [...this.claim, Math.min(free, 100)]; // the default of assess.max-batch
          for (const job of (await this.#ask(claims, words, stopping, () => true)) ?? []) this.#start(job);
        }
      }
    } finally {
      if (claims.isOpen) claims.destroy();
      const ended = new AbortController();
      const late = sleep(this.grace * 1000, undefined, { signal: ended.signal }).catch(() => {});
      await Promise.race([Promise.all(this.#runs.keys()), late]);
      ended.abort();
      for (const { job, lose } of this.#runs.values()) {
        lose(new Error(`job ${job.id} has not ended in ${this.grace} s, its lease expires`));
      }
    }
  }

  /** Ends the claims. A claim in flight can still bring jobs, for at most blockMs: they are run too. */
  stop() {
    this.#stopping.abort();
    this.#changed();
  }

  /** Makes SIGTERM and SIGINT stop the worker. */
  stopOnSignals() {
    for (const name of ['SIGTERM', 'SIGINT']) process.once(name, () => this.stop());
  }

  /** @param {any} reply */
  #start(reply) {
    const job = described(reply);
    const [stopped, lost] = [new AbortController(), new AbortController()]; // lost: nothing is reported
    const lose = (/** @type {Error} */ error) => {
      this.onError(error);
      lost.abort();
      stopped.abort(new Cancelled(error.message));
    };
    /** @type {Running} */
    const run = { job, stopped, lost: lost.signal, lose, progress: [], news: false, hasEnded: false };
    const end = this.#work(run).catch(this.onError).finally(() => {
      this.#runs.delete(end);
      this.#changed();
    });
    this.#runs.set(end, run);
  }

  /** @param {Running} run */
  async #work(run) {
    const { id, attempt, metadata, type, payload } = run.job;
    const { signal } = run.stopped;
    const updateProgress = (/** @type {number} */ percent, /** @type {string | undefined} */ message) => {
      if (signal.aborted) throw signal.reason;
      if (!(percent >= 0 && percent <= 100)) throw new RangeError(`a progress is 0 to 100 percent, not ${percent}`);
      run.progress = ['PROGRESS', Math.floor(percent), ...(message === undefined ? [] : ['MESSAGE', message])];
      run.news = true;
    };
    const beats = this.#keep(run);
    let report;
    try {
      const result = await this.handlers[type](this.decode(payload), updateProgress, { id, attempt, metadata, signal });
      report = ['JOB.COMPLETE', encoded(result)];
    } catch (thrown) {
      const error = /** @type {any} */ (thrown);
      const isCancelled = signal.aborted && (error === signal.reason || error?.name === 'AbortError');
      report = isCancelled ? ['JOB.FAIL', 'cancelled', 'RETRY', 'no'] : this.#failed(run.job, error);
    }
    clearInterval(beats);
    run.hasEnded = true;
    try {
      await this.#tell(run, report);
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      if (report[0] !== 'JOB.COMPLETE' || !message.startsWith('TOOBIG')) throw error;
      await this.#tell(run, this.#failed(run.job, new GiveUp(`the result is refused: ${message}`)));
    }
  }

  /** @param {Job} job @param {unknown} error */
  #failed({ id, type, attempt }, error) {
    this.onError(new Error(`job ${id} of type ${type} failed in attempt ${attempt}`, { cause: error }));
    const text = error instanceof Error && error.message ? error.message : String(error);
    return ['JOB.FAIL', text, 'RETRY', error instanceof GiveUp ? 'no' : 'yes', 'TRACEBACK', inspect(error)];
  }

  /** Extends the lease and sends the progress, until the timer that it returns is cleared. @param {Running} run */
  #keep(run) {
    const beatMs = this.leaseMs / 3;
    const pauseMs = Math.min(500, beatMs / 2);
    let [sent, isBusy] = [performance.now(), false];
    const beat = async () => {
      if (isBusy || run.lost.aborted || (!run.news && performance.now() - sent < beatMs - pauseMs / 2)) return;
      [sent, isBusy, run.news] = [performance.now(), true, false];
      try {
        const directive = `${(await this.#tell(run, ['JOB.HEARTBEAT', ...run.progress])) ?? 'continue'}`;
        if (directive === 'cancel') run.stopped.abort(new Cancelled('cancelled'));
        else if (directive !== 'continue') throw new Error(`unexpected reply to a heartbeat: ${directive}`);
      } catch (thrown) { // after an error of another kind the next heartbeat may succeed
        const error = /** @type {Error} */ (thrown);
        if (run.hasEnded) return;
        if (/^LEASELOST|no job/.test(error.message)) run.lose(error);
        else this.onError(error);
      }
      isBusy = false;
    };
    return setInterval(beat, pauseMs);
  }

  /** A command about the job of a run; without a reply when its lease is lost first. @param {Running} run @param {any[]} words */
  #tell(run, [command, ...rest]) {
    return this.#ask(this.client, [command, this.queue, run.job.rawId, run.job.token, ...rest], run.lost, isAway);
  }

  /**
   * The reply; undefined when the signal comes first. The command is repeated while the server is away.
   *
   * @param {any} client
   * @param {any[]} words
   * @param {AbortSignal} until
   * @param {(error: Error) => boolean} isRepeated
   */
  async #ask(client, words, until, isRepeated) {
    for (let pause = 100; !until.aborted; pause = Math.min(2 * pause, 5000)) {
      try {
        return await client.sendCommand(words.map((word) => (Buffer.isBuffer(word) ? word : `${word}`)), inBytes);
      } catch (thrown) {
        const error = /** @type {Error} */ (thrown);
        if (!isRepeated(error)) throw error;
        if (until.aborted) return;
        this.onError(new Error(`${words[0]} is repeated: ${error.message}`, { cause: error }));
        // At random, so that workers do not meet.
        await sleep(pause * (0.5 + Math.random() / 2), undefined, { signal: until }).catch(() => {});
      }
    }
  }
}

const inBytes = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

/** The server was not reached, or is loading its data. */
const isAway = (/** @type {Error} */ error) => !(error instanceof ErrorReply) || error.message.startsWith('LOADING');

/** A result as it is stored: bytes and text unchanged, any other value as JSON. */
const encoded = (/** @type {unknown} */ result) => {
  if (result instanceof Uint8Array) return Buffer.from(result);
  return typeof result === 'string' ? result : JSON.stringify(result) ?? 'null';
};

/** A job in a reply of JOB.CLAIM: a map in RESP3, a flat list in RESP2. */
const described = (/** @type {any} */ reply) => {
  /** @type {Record<string, any>} */
  const fields = Array.isArray(reply) ? {} : reply;
  if (Array.isArray(reply)) for (let at = 0; at < reply.length; at += 2) fields[`${reply[at]}`] = reply[at + 1];
  const { id, token, type, payload, attempt, metadata } = fields;
  return { id: `${id}`, rawId: id, token, type: `${type}`, payload, attempt, metadata };
};
