export class Tiers {
    /** @param {import('./connection.mjs').Connection} connection */
    constructor({ send, isCluster }: import("./connection.mjs").Connection);
    /**
     * Creates a tier, or replaces its whole policy. In a cluster: on every master.
     *
     * @param {string} name
     * @param {string | string[]} patterns
     * @param {Policy} policy
     */
    set(name: string, patterns: string | string[], policy: Policy): Promise<void>;
    /**
     * Deletes a tier; its keys are kept. In a cluster: on every master.
     *
     * @param {string} name
     * @returns {Promise<boolean>} whether there was such a tier; in a cluster: on any master
     */
    delete(name: string): Promise<boolean>;
    /** @returns {Promise<string[]>} */
    list(): Promise<string[]>;
    /** The policy and the statistics of a tier. @param {string} name */
    info(name: string): Promise<Record<string, any>>;
    #private;
}
/**
 * docs/cache/tiers.md
 */
export type Policy = {
    /**
     * seconds; either this or `ttlMs`
     */
    ttl?: number | undefined;
    ttlMs?: number | undefined;
    /**
     * percent
     */
    jitter?: number | undefined;
    /**
     * seconds
     */
    grace?: number | undefined;
    retryMs?: number | undefined;
    /**
     * percent
     */
    refresh?: number | undefined;
    /**
     * seconds
     */
    negative?: number | undefined;
    capacity?: number | undefined;
    /**
     * bytes
     */
    maxMemory?: number | undefined;
    /**
     * percent
     */
    minHit?: number | undefined;
    /**
     * bytes
     */
    compress?: number | undefined;
    leaseMs?: number | undefined;
    waitMs?: number | undefined;
    index?: boolean | undefined;
    enforce?: boolean | undefined;
    prefetch?: number | undefined;
    queue?: string | undefined;
};
