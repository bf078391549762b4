// The cluster clients of node-redis and ioredis, unchanged, and the package of clients/node over them. REDIS_PORTS names the ports of three masters, TABLE a table.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { createCluster } from 'redis';
import { Assess } from 'redis-assess';

const ports = process.env.REDIS_PORTS.split(',').map(Number);
const table = await readFile(process.env.TABLE, 'utf8');
const KEYS = 60;

// call(key, ...words): the key only says where the command goes; undefined: to any master.
async function works(name, call) {
  const tier = `${name}-page`;
  assert.equal(await call(undefined, 'TIER.SET', tier, 'PATTERN', `${name}:*`, 'TTL', '3600', 'CLUSTER'), 'OK');
  const keys = Array.from({ length: KEYS }, (_, number) => `${name}:${number}`);
  for (const key of keys) await call(key, 'CACHE.SET', key, `value of ${key}`, 'TAGS', '1', name);
  for (const key of keys) assert.equal(await call(key, 'CACHE.GET', key), `value of ${key}`);
  const leased = `${name}:leased`;
  const [state, token] = await call(leased, 'CACHE.FETCH', leased);
  assert.equal(state, 'lease');
  await call(leased, 'CACHE.FILL', leased, token, 'filled', 'TAGS', '1', name);
  assert.deepEqual((await call(leased, 'CACHE.FETCH', leased)).slice(0, 2), ['hit', 'filled']);
  for (const model of ['one', 'two', 'three'].map((word) => `${name}-${word}`)) {
    await call(model, 'MODEL.SET', model, 'IO', table);
    assert.equal(JSON.parse(await call(model, 'ASSESS.GET', model, 'USA', 'C10')).model, model);
  }
  assert.equal(await call(undefined, 'CACHE.INVALIDATE', 'TAG', name, 'CLUSTER'), KEYS + 1);
  for (const key of keys) assert.equal(await call(key, 'CACHE.GET', key), null);
  assert.equal(await call(undefined, 'TIER.DEL', tier, 'CLUSTER'), 1);
}

/** The package over a cluster client. */
async function packageWorks(name, assess) {
  const keys = Array.from({ length: KEYS }, (_, number) => `${name}:${number}`);
  await assess.tiers.set(name, `${name}:*`, { ttl: 3600 });
  await Promise.all(keys.map((key) => assess.cache.set(key, key, { tags: [name] })));
  assert.deepEqual(await Promise.all(keys.map((key) => assess.cache.get(key))), keys);
  // Of entries on every master: by key, by tag, and both together.
  assert.equal(await assess.cache.invalidate({ keys: keys.slice(0, 10) }), 10);
  assert.equal(await assess.cache.invalidate({ keys: keys[10], tags: name }), KEYS - 10);
  const { token } = await assess.cache.fetch(keys[0], { leaseMs: 60_000 });
  assert.equal(await assess.cache.fill(keys[0], token, 'filled'), true);
  assert.equal(await assess.invalidate(`${name}:*`), 1);
  assert.ok((await assess.cache.stats(name)).invalidations >= KEYS);
  assert.equal((await assess.cache.health()).checks.length > 3, true);
  for (const key of ['one', 'two', 'three'].map((word) => `${name}-${word}`)) {
    await assess.io(key).load({ data: table });
    await assess.io(key).wait();
    assert.equal((await assess.io(key).get('USA', 'C10')).model, key);
    const queue = assess.queue(`${key}-queue`);
    assert.equal(await queue.cancel((await queue.submit('type')).id), 'cancelled');
  }
  assert.equal(await assess.tiers.delete(name), true);
}

test('node-redis', async () => {
  const cluster = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
  await cluster.connect();
  // Without a key node-redis sends a command to any node; all of them are masters here.
  await works('node', (key, ...words) => cluster.sendCommand(key, false, words));
  await packageWorks('node-package', new Assess(cluster));
  await cluster.close();
});

test('ioredis', async () => {
  const cluster = new Redis.Cluster(ports.map((port) => ({ host: '127.0.0.1', port })));
  // ioredis finds keys only of commands that it knows: without the key it asks any node and follows MOVED.
  await works('io', (_, command, ...words) => cluster.call(command, ...words));
  await packageWorks('io-package', new Assess(cluster));
  cluster.disconnect();
});
