/** Settles when there is a connection, or after a second. */
export const connected: Promise<unknown>;
/** Its commands fail immediately when there is no connection. Connections are restored automatically. */
export const client: any;
export const patience: {
    connection: number;
    reply: number;
};
export const cached: <A extends unknown[], R>(prefix: string, compute: (this: any, ...args: A) => R | Promise<R>, { selfKey, ...options }?: import("./caching.mjs").Computing & {
    selfKey?: (self: any) => unknown;
}) => (this: any, ...args: A) => Promise<R>;
export const cacheInvalidate: <A extends unknown[], R>(pattern: string | string[] | ((this: any, ...args: A) => string | string[]), change: (this: any, ...args: A) => R | Promise<R>) => (this: any, ...args: A) => Promise<R>;
export const invalidate: (...patterns: string[]) => Promise<number>;
export function close(): Promise<void>;
export { keyOf, part } from "./caching.mjs";
export { Away, NoLife, Remembered } from "./errors.mjs";
