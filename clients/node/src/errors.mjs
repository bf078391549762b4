/** Errors by code. */

import { ErrorReply } from 'redis';

/**
 * @typedef {'ERR' | 'WRONGTYPE' | 'NOMODEL' | 'NOSUBJECT' | 'NOINDICATOR' | 'NOTREADY' | 'BADFILE' | 'LEASELOST' | 'BUSY' |
 *   'TOOBIG' | 'NOROOM' | 'NOACK' | 'READONLY' | 'NOPERM' | 'UNBLOCKED' | 'OOM' | 'MOVED' | 'CROSSSLOT' | (string & {})} Code
 */

/** The server has refused a command. An ErrorReply of node-redis, with the code of the error. */
export class AssessError extends ErrorReply {
  /** @param {string} message the text of the server @param {ErrorOptions} [options] */
  constructor(message, options) {
    super(message);
    this.name = 'AssessError';
    if (options?.cause !== undefined) this.cause = options.cause;
    /** @type {Code} the first word of the message */
    this.code = /^[A-Z][A-Z0-9]*(?=[ :]|$)/.exec(message)?.[0] ?? 'ERR';
    /** @type {string | null} why a lease is over: expired, invalidated, overwritten, cancelled, failover or unknown */
    this.reason = /^LEASELOST (\w+)/.exec(message)?.[1] ?? null;
  }
}

/** Redis is not connected, does not reply, or loads its data. */
export class Away extends Error {
  name = 'Away';
  code = 'AWAY';
}

/** Another caller computed this value a moment ago and failed; the message is its reason. See NEGATIVE of the tier. */
export class Remembered extends Error {
  name = 'Remembered';
  code = 'NEGATIVE';
}

/** The entry could not be stored: its key is in no tier, and `ttl` is not given. Nothing was computed. */
export class NoLife extends Error {
  name = 'NoLife';
  code = 'NOLIFE';

  constructor(/** @type {string} */ key) {
    super(`${key} is in no tier: give cached a ttl, or declare a tier for such keys (TIER.SET)`);
  }
}

/** A job has ended without a result: it is failed, cancelled or dead. */
export class JobFailed extends Error {
  name = 'JobFailed';
  code = 'JOBFAILED';

  /** @param {import('./documents.mjs').JobStatus} job */
  constructor(job) {
    super(`job ${job.job_id} is ${job.status}${job.error ? `: ${job.error}` : ''}`);
    this.job = job;
  }
}

/** The model could not be derived. Its warnings are the message. */
export class ModelFailed extends Error {
  name = 'ModelFailed';
  code = 'MODELFAILED';
}

/** The time that the caller gave for a wait is over. */
export class TimedOut extends Error {
  name = 'TimedOut';
  code = 'TIMEDOUT';
}

/** An error reply of node-redis or ioredis as an AssessError. @param {Error} error */
export const fromReply = (error) => new AssessError(error.message, { cause: error });

/** The server has answered with an error. @param {unknown} error @returns {error is Error} */
export const isReply = (error) =>
  error instanceof ErrorReply || (error instanceof Error && error.name === 'ReplyError'); // ioredis

/**
 * What a failed command throws.
 *
 * @param {unknown} error
 * @returns {AssessError | Away}
 */
export const asError = (error) => {
  if (error instanceof AssessError || error instanceof Away) return error;
  if (isReply(error) && !error.message.startsWith('LOADING')) return fromReply(error);
  return new Away(error instanceof Error ? error.message || error.name : String(error), { cause: error });
};
