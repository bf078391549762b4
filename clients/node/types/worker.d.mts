/** Thrown by a handler: the job has failed and is not run again. */
export class GiveUp extends Error {
}
/** The reason of `signal`, also thrown by `updateProgress`: the job was cancelled or its lease is lost. */
export class Cancelled extends Error {
}
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
    constructor(client: any, queue: string, handlers: Record<string, Handler>, options?: {
        concurrency?: number | undefined;
        leaseMs?: number | undefined;
        grace?: number | undefined;
        blockMs?: number | undefined;
        name?: string | undefined;
        decode?: ((payload: any) => any) | undefined;
        onError?: ((error: Error) => void) | undefined;
    });
    client: any;
    queue: string;
    handlers: Record<string, Handler>;
    concurrency: number;
    leaseMs: number;
    grace: number;
    decode: (payload: any) => any;
    onError: (error: Error) => void;
    claim: (string | number)[];
    /** Claims and runs jobs until `stop`; settles when they have ended, or after the grace. */
    run(): Promise<void>;
    /** Ends the claims. A claim in flight can still bring jobs, for at most blockMs: they are run too. */
    stop(): void;
    /** Makes SIGTERM and SIGINT stop the worker. */
    stopOnSignals(): void;
    #private;
}
export type UpdateProgress = (percent: number, message?: string) => void;
export type Run = {
    id: string;
    attempt: number;
    metadata: Buffer | null;
    signal: AbortSignal;
};
export type Handler = (payload: any, updateProgress: UpdateProgress, run: Run) => unknown;
export type Job = {
    id: string;
    rawId: any;
    token: any;
    type: string;
    payload: any;
    attempt: number;
    metadata: any;
};
export type Running = {
    job: Job;
    stopped: AbortController;
    /**
     * nothing is reported
     */
    lost: AbortSignal;
    lose: (error: Error) => void;
    progress: any[];
    news: boolean;
    hasEnded: boolean;
};
