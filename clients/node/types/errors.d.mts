/**
 * @typedef {'ERR' | 'WRONGTYPE' | 'NOMODEL' | 'NOSUBJECT' | 'NOINDICATOR' | 'NOTREADY' | 'BADFILE' | 'LEASELOST' | 'BUSY' |
 *   'TOOBIG' | 'NOROOM' | 'NOACK' | 'READONLY' | 'NOPERM' | 'UNBLOCKED' | 'OOM' | 'MOVED' | 'CROSSSLOT' | (string & {})} Code
 */
/** The server has refused a command. An ErrorReply of node-redis, with the code of the error. */
export class AssessError extends ErrorReply {
    /** @param {string} message the text of the server @param {ErrorOptions} [options] */
    constructor(message: string, options?: ErrorOptions);
    cause: unknown;
    /** @type {Code} the first word of the message */
    code: Code;
    /** @type {string | null} why a lease is over: expired, invalidated, overwritten, cancelled, failover or unknown */
    reason: string | null;
}
/** Redis is not connected, does not reply, or loads its data. */
export class Away extends Error {
    code: string;
}
/** Another caller computed this value a moment ago and failed; the message is its reason. See NEGATIVE of the tier. */
export class Remembered extends Error {
    code: string;
}
/** The entry could not be stored: its key is in no tier, and `ttl` is not given. Nothing was computed. */
export class NoLife extends Error {
    constructor(key: string);
    code: string;
}
/** A job has ended without a result: it is failed, cancelled or dead. */
export class JobFailed extends Error {
    /** @param {import('./documents.mjs').JobStatus} job */
    constructor(job: import("./documents.mjs").JobStatus);
    code: string;
    job: import("./documents.mjs").JobStatus;
}
/** The model could not be derived. Its warnings are the message. */
export class ModelFailed extends Error {
    code: string;
}
/** The time that the caller gave for a wait is over. */
export class TimedOut extends Error {
    code: string;
}
export function fromReply(error: Error): AssessError;
export function isReply(error: unknown): error is Error;
export function asError(error: unknown): AssessError | Away;
export type Code = "ERR" | "WRONGTYPE" | "NOMODEL" | "NOSUBJECT" | "NOINDICATOR" | "NOTREADY" | "BADFILE" | "LEASELOST" | "BUSY" | "TOOBIG" | "NOROOM" | "NOACK" | "READONLY" | "NOPERM" | "UNBLOCKED" | "OOM" | "MOVED" | "CROSSSLOT" | (string & {});
import { ErrorReply } from 'redis';
