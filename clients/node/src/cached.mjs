/**
 * cached and cacheInvalidate over the server that REDIS_URL names, by default redis://localhost:6379. Importing this module
 * connects. For another server, or a client that you have: `connect` and `Assess` of the package.
 */

import { caching } from './caching.mjs';
import { Connection } from './connection.mjs';

const connection = Connection.open({ url: process.env.REDIS_URL ?? 'redis://localhost:6379' });

/** Settles when there is a connection, or after a second. */
export const connected = connection.connected;
/** Its commands fail immediately when there is no connection. Connections are restored automatically. */
export const client = connection.client;
export const patience = connection.patience;
export const { cached, cacheInvalidate, invalidate } = caching(connection);

/** Closes the connections after the replies of commands in flight; waits at most patience.connection. */
export const close = () => connection.close();

export { keyOf, part } from './caching.mjs';
export { Away, NoLife, Remembered } from './errors.mjs';
