export class Queue {
    /** @param {import('./connection.mjs').Send} send @param {string} key */
    constructor(send: import("./connection.mjs").Send, key: string);
    key: string;
    /**
     * Submits a job.
     *
     * @param {string} type which handler runs the job
     * @param {unknown} [payload] bytes and text unchanged, any other value as JSON
     * @param {Submission & { id?: string }} [options]
     * @returns {Promise<{ id: string, created: boolean }>} not created: it is a duplicate of the job with this id
     */
    submit(type: string, payload?: unknown, options?: Submission & {
        id?: string;
    }): Promise<{
        id: string;
        created: boolean;
    }>;
    /**
     * Submits several jobs with the same options, all or none; gives their ids.
     *
     * @param {[type: string, payload: unknown][]} jobs
     * @param {Submission} [options]
     * @returns {Promise<string[]>}
     */
    submitMany(jobs: [type: string, payload: unknown][], options?: Submission): Promise<string[]>;
    /** @param {string} id @returns {Promise<JobStatus>} */
    status(id: string): Promise<JobStatus>;
    /** The state after it: `cancelled`, or `running` until the worker reports. @param {string} id @returns {Promise<State>} */
    cancel(id: string): Promise<State>;
    /** A failed, dead or cancelled job is pending again. @param {string} id */
    retry(id: string): Promise<void>;
    /**
     * The status of a job that has ended; null when the time is over.
     *
     * @param {string} id
     * @param {{ timeoutMs?: number }} [options] by default the wait has no limit
     * @returns {Promise<JobStatus | null>}
     */
    wait(id: string, { timeoutMs }?: {
        timeoutMs?: number;
    }): Promise<JobStatus | null>;
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
    result(id: string, options?: {
        timeoutMs?: number;
        bytes?: false;
    } | undefined): Promise<string>;
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
    result(id: string, options: {
        timeoutMs?: number;
        bytes: true;
    }): Promise<Buffer>;
    /**
     * Jobs, newest first, without traceback, result and metadata.
     *
     * @param {{ status?: State, type?: string, group?: string, offset?: number, limit?: number }} [filter]
     * @returns {Promise<JobStatus[]>}
     */
    list(filter?: {
        status?: State;
        type?: string;
        group?: string;
        offset?: number;
        limit?: number;
    }): Promise<JobStatus[]>;
    /** The state of the queue: docs/commands/job.info.md. */
    info(): Promise<Record<string, any>>;
    #private;
}
export type Word = import("./words.mjs").Word;
export type JobStatus = import("./documents.mjs").JobStatus;
export type State = "delayed" | "pending" | "running" | "completed" | "failed" | "cancelled" | "dead";
/**
 * docs/commands/job.submit.md
 */
export type Submission = {
    priority?: "low" | "normal" | "high" | "critical" | undefined;
    delayMs?: number | undefined;
    /**
     * when the job can be claimed: a Date, or Unix milliseconds
     */
    at?: number | Date | undefined;
    /**
     * seconds for which the job is kept after its end
     */
    ttl?: number | undefined;
    retries?: number | undefined;
    backoffMs?: number | undefined;
    timeoutMs?: number | undefined;
    unique?: "queued" | "active" | "rerun" | "replace" | undefined;
    group?: string | undefined;
    /**
     * a text that is JSON, or an object
     */
    metadata?: string | object | undefined;
};
