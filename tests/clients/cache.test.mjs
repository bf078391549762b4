// Cache, tiers and the near cache of clients/node. REDIS_URL names a server with the module, REPOSITORY the folder
// with samples/.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { Assess, AssessError, Away, NoLife, Remembered, connect } from 'redis-assess';

const { REDIS_URL: url, REPOSITORY } = process.env;
const io = new Redis(url);
const over = {
  'node-redis, RESP2': new Assess(await createClient({ url }).connect()),
  'node-redis, RESP3': new Assess(await createClient({ url, RESP: 3 }).connect()),
  ioredis: new Assess(io),
  connect: await connect({ url }),
};
const assess = over.connect;
const { cache, tiers } = assess;
setTimeout(() => {
  console.error('a test waits without end');
  process.exit(1); // an error would fail the test and leave it waiting
}, 120_000).unref();

/** The same call over each kind of client; all give the same value, which is returned. */
const everywhere = async (call) => {
  const found = [];
  for (const [name, one] of Object.entries(over)) found.push([name, await call(one)]);
  for (const [name, value] of found) assert.deepStrictEqual(value, found[0][1], name);
  return found[0][1];
};

before(() => tiers.set('pages', 'page:*', { ttl: 3600, grace: 600, negative: 60 }));
after(async () => {
  for (const one of Object.values(over)) await one.close();
  over['node-redis, RESP2'].client.destroy();
  over['node-redis, RESP3'].client.destroy();
  io.disconnect();
});

test('entries are stored and read', async () => {
  assert.equal(await everywhere((one) => one.cache.get('page:none')), null);
  assert.equal(await everywhere((one) => one.cache.set('page:1', 'text')), true);
  assert.equal(await everywhere((one) => one.cache.get('page:1')), 'text');
  await cache.set('page:2', { title: 'Ü' });
  assert.deepEqual(JSON.parse(await everywhere((one) => one.cache.get('page:2'))), { title: 'Ü' });
  assert.deepEqual(await everywhere((one) => one.cache.mget(['page:1', 'page:none', 'page:2'])), ['text', null, '{"title":"Ü"}']);
  assert.deepEqual(await cache.mget([]), []);
  assert.equal(await cache.mset({ 'page:3': 'three', 'page:4': 4 }, { ttl: 60 }), true);
  assert.deepEqual(await cache.mget(['page:3', 'page:4']), ['three', '4']);
});

test('bytes stay bytes', async () => {
  const bytes = Buffer.from([255, 0, 254, 13, 10]);
  await cache.set('page:bytes', Uint8Array.from(bytes));
  assert.deepEqual(await everywhere((one) => one.cache.get('page:bytes', { bytes: true })), bytes);
  const found = await everywhere((one) => one.cache.fetch('page:bytes', { bytes: true }));
  assert.deepEqual(found, { state: 'hit', value: bytes });
});

test('a time to live in seconds, in milliseconds, until a time, and none', async () => {
  const left = async (options) => {
    await cache.set('page:life', 'v', options);
    return (await cache.ttl('page:life')).fresh_ms;
  };
  const atMost = (limit, ms) => assert.ok(ms > limit / 2 && ms <= limit, `${ms}`);
  atMost(100_000, await left({ ttl: 100 }));
  atMost(50_000, await left({ ttlMs: 50_000 }));
  atMost(70_000, await left({ expireAt: new Date(Date.now() + 70_000) }));
  atMost(70_000, await left({ keepTtl: true }));
  atMost(3_600_000, await left());
  assert.equal(await left({ persist: true }), -1);
  await assert.rejects(cache.set('tierless', 'v'), (error) => error instanceof AssessError && error.code === 'ERR');
});

test('a write can depend on whether there is an entry', async () => {
  await cache.invalidate('page:once');
  assert.equal(await cache.set('page:once', 'a', { onlyIf: 'present' }), false);
  assert.equal(await cache.set('page:once', 'a', { onlyIf: 'absent' }), true);
  assert.equal(await cache.set('page:once', 'b', { onlyIf: 'absent' }), false);
  assert.throws(() => cache.set('page:once', 'b', { onlyIf: true }), TypeError);
});

test('each state of a fetch', async () => {
  await cache.invalidate('page:*');
  for (const [name, one] of Object.entries(over)) {
    const key = `page:${name}`;
    const { token, ...lease } = await one.cache.fetch(key, { leaseMs: 60_000 });
    assert.deepEqual(lease, { state: 'lease', leaseMs: 60_000 }, name);
    assert.match(token, /^[0-9a-f]{16}$/);
    assert.deepEqual(await one.cache.fetch(key, { waitMs: 0 }), { state: 'busy' }, name);
    assert.equal(await one.cache.renew(key, token, 30_000), true);
    assert.equal(await one.cache.fill(key, token, 'value', { tags: ['fetched'] }), true);
    assert.deepEqual(await one.cache.fetch(key), { state: 'hit', value: 'value' }, name);
    await one.cache.invalidate({ keys: key, soft: true });
    const { token: again, ...refresh } = await one.cache.fetch(key, { leaseMs: 60_000 });
    assert.deepEqual(refresh, { state: 'refresh', value: 'value', leaseMs: 60_000, isStale: true }, name);
    assert.deepEqual(await one.cache.fetch(key), { state: 'stale', value: 'value' }, name);
    assert.equal(await one.cache.get(key), null);
    assert.equal(await one.cache.get(key, { stale: true }), 'value');
    assert.equal(await one.cache.fill(key, '0123456789abcdef', 'old'), false, 'the lease is over');
    assert.equal(await one.cache.abandon(key, again, 'x'.repeat(300)), true);
    const other = await one.cache.fetch(`${key}:failed`);
    assert.equal(await one.cache.abandon(`${key}:failed`, other.token, 'no such page'), true);
    assert.deepEqual(await one.cache.fetch(`${key}:failed`), { state: 'negative', reason: 'no such page' }, name);
  }
  assert.equal(await cache.invalidate({ tags: ['fetched'] }), Object.keys(over).length);
});

test('a wait that ends, and a wait for another caller', async () => {
  const { token } = await cache.fetch('page:waited', { leaseMs: 60_000 });
  // On another connection: the one that holds the lease gets `busy`.
  const other = over['node-redis, RESP3'].cache;
  assert.deepEqual(await other.fetch('page:waited', { waitMs: 1 }), { state: 'timeout' });
  const waiting = other.fetch('page:waited', { waitMs: 60_000 });
  while (!/blocked_clients:[1-9]/.test(await assess.client.info('clients'))) await pause(3);
  await cache.fill('page:waited', token, 'at last');
  assert.deepEqual(await waiting, { state: 'hit', value: 'at last' });
});

test('what a lease error is for', async () => {
  const { token } = await cache.fetch('page:lost');
  await cache.invalidate('page:lost');
  await assert.rejects(assess.command(['CACHE.FILL', 'page:lost', token, 'old']), (error) =>
    error instanceof AssessError && error.code === 'LEASELOST' && error.reason === 'invalidated');
});

test('invalidation by key, pattern, tag, tier, model and all', async () => {
  const fill = async () => {
    await cache.invalidate({ all: true });
    for (const n of [1, 2, 3]) await cache.set(`page:${n}`, 'v', { tags: n === 3 ? ['a', 'b'] : ['a'] });
  };
  const count = async (what) => {
    await fill();
    return cache.invalidate(what);
  };
  assert.equal(await count('page:1'), 1);
  assert.equal(await count(['page:1', 'page:2']), 2);
  assert.equal(await count({ keys: ['page:1', 'page:3'] }), 2);
  assert.equal(await count({ patterns: 'page:*', tags: 'a' }), 3, 'distinct entries');
  assert.equal(await count({ tags: ['a', 'b'] }), 3);
  assert.equal(await count({ tags: ['a', 'b'], match: 'all' }), 1);
  assert.equal(await count({ tiers: 'pages' }), 3);
  assert.equal(await count({ all: true }), 3);
  assert.equal(await count({ models: 'none' }), 0);
  assert.equal(await count({ tags: 'a', async: true }), 0);
  await assess.client.set('tierless:1', 'v');
  assert.equal(await cache.invalidate('tierless:*'), 0);
  assert.equal(await cache.invalidate({ patterns: 'tierless:*', allKeys: true }), 1);
  await assert.rejects(cache.invalidate({}), AssessError);
  await assert.rejects(cache.invalidate({ tag: 'a' }), /unknown option tag/);
});

test('tiers are declared, described and deleted', async () => {
  await tiers.set('films', ['film:*', 'movie:*'], { ttlMs: 5000, jitter: 10, minHit: 20, index: true, enforce: false });
  const found = await everywhere((one) => one.tiers.info('films'));
  assert.deepEqual([found.patterns, found.ttl_ms, found.jitter_pct, found.index], [['film:*', 'movie:*'], 5000, 10, 'yes']);
  assert.equal(found.compression_ratio, 1);
  assert.ok((await everywhere((one) => one.tiers.list())).includes('films'));
  assert.deepEqual([await tiers.delete('films'), await tiers.delete('films')], [true, false]);
  await assert.rejects(tiers.info('films'), (error) => error.code === 'ERR');
});

test('statistics are numbers in both protocols', async () => {
  await cache.resetStats();
  await cache.set('page:counted', 'v');
  for (const key of ['page:counted', 'page:counted', 'page:none']) await cache.get(key);
  const found = await everywhere((one) => one.cache.stats('pages').then(({ ops_per_second: rate, ...rest }) => rest));
  assert.deepEqual([found.hits, found.misses, found.hit_rate_percent], [2, 1, 66.67]);
  for (const [name, value] of Object.entries(await cache.stats())) assert.equal(typeof value, 'number', name);
  const [[key, count]] = await everywhere((one) => one.cache.hot('pages', 1));
  assert.ok(key.startsWith('page:') && count > 0);
  const { ok, checks } = await cache.health();
  assert.equal(ok, !checks.some((line) => line.startsWith('degraded')));
  assert.ok(checks.length > 5);
});

test('a value is computed once and stored', async () => {
  let computed = 0;
  const compute = async () => ({ n: (computed += 1) });
  const found = await Promise.all(Array.from({ length: 10 }, () => cache.getOrCompute('page:computed', compute, { tags: ['c'] })));
  assert.deepEqual([new Set(found), computed], [new Set(['{"n":1}']), 1]);
  assert.equal(await cache.invalidate({ tags: 'c' }), 1);
  assert.equal(await over['node-redis, RESP3'].cache.getOrCompute('page:computed', compute), '{"n":2}');
  await assert.rejects(cache.getOrCompute('tierless:computed', compute), NoLife);
  await assert.rejects(cache.getOrCompute('page:fails', () => { throw new RangeError('none'); }), RangeError);
  await assert.rejects(cache.getOrCompute('page:fails', compute), Remembered);
  await assert.rejects(over.ioredis.cache.getOrCompute('page:computed', compute), TypeError);
});

test('cached functions over a client of your own', async () => {
  const one = over['node-redis, RESP3'];
  let computed = 0;
  const square = one.cached('page:square', (x) => ((computed += 1), x * x));
  assert.deepEqual([await square(3), await square(3), computed], [9, 9, 1]);
  await one.cacheInvalidate('page:square:*', () => 'changed')();
  assert.deepEqual([await square(3), computed], [9, 2]);
});

test('the near cache answers from the process until the entry is invalidated', async () => {
  const own = { ping: { parseCommand: (parser) => parser.push('PING'), transformReply: (reply) => reply } };
  const near = await connect({ url, near: 100, modules: { own } });
  const { client } = near;
  assert.equal(await client.own.ping(), 'PONG', 'other options of createClient are kept');
  const hits = () => client._self.clientSideCache.stats().hitCount;
  const get = (key) => near.cache.get(key);
  /** What `get` gives after the change, once the server's message has arrived. */
  const after = async (change) => {
    await change();
    await client.ping(); // the message precedes the reply
    return get('page:near');
  };
  const counted = async () => (await cache.stats('pages')).total_requests;
  await cache.invalidate('page:near');
  assert.equal(await get('page:near'), null);
  assert.equal(await after(() => cache.set('page:near', 'one', { tags: ['near'] })), 'one');
  const [served, local] = [await counted(), hits()];
  for (let n = 0; n < 5; n += 1) assert.equal(await get('page:near'), 'one');
  assert.deepEqual([await counted(), hits()], [served, local + 5], 'the server is not asked');
  const clauses = [{ keys: 'page:near' }, 'page:n*', { tags: 'near' }, { tiers: 'pages' }, { all: true }];
  for (const clause of clauses.flatMap((one) => [one, { ...(typeof one === 'string' ? { patterns: one } : one), soft: true }])) {
    assert.equal(await after(() => cache.set('page:near', 'value', { tags: ['near'] })), 'value');
    assert.equal(await get('page:near'), 'value');
    assert.equal(await after(() => cache.invalidate(clause)), null, JSON.stringify(clause));
  }
  assert.equal(await after(() => assess.client.set('page:near', 'plain')), 'plain');
  assert.equal(await after(() => assess.client.del('page:near')), null);
  assert.equal(await near.cache.get('page:near', { bytes: true }), null);
  await near.close();
});

test('a near copy that is no longer fresh is not used', async () => {
  const near = await connect({ url, near: 100 });
  // In 100 ms the value is stale, in its grace; the server sends no message then.
  await cache.set('page:stale', 'v', { ttlMs: 100 });
  await near.cache.get('page:stale');
  while ((await cache.get('page:stale')) !== null) await pause(5);
  assert.equal(await near.cache.get('page:stale'), null);
  assert.equal(await near.cache.get('page:stale', { stale: true }), 'v');
  await near.close();
});

test('the process and the server agree on how long a near copy is fresh', async (context) => {
  const near = await connect({ url, near: 100 });
  const requests = async () => (await cache.stats('pages')).total_requests;
  await cache.set('page:fresh', 'v', { ttl: 1000 });
  await near.cache.get('page:fresh');
  const before = await requests();
  const { now } = performance;
  const clock = context.mock.method(performance, 'now', () => now.call(performance) + 900_000);
  assert.deepEqual([await near.cache.get('page:fresh'), await requests()], ['v', before], 'from the process');
  clock.mock.mockImplementation(() => now.call(performance) + 1_000_000);
  assert.deepEqual([await near.cache.get('page:fresh'), await requests()], ['v', before + 1], 'from the server');
  clock.mock.restore();
  await near.close();
});

test('a near copy of an assessment is dropped when its model changes', async () => {
  const near = await connect({ url, near: 100 });
  const model = near.io('near-model');
  await model.load({ data: await readFile(`${REPOSITORY}/samples/mini.csv`) });
  await model.wait();
  const { version } = await model.get('USA', 'C26');
  const key = await model.cacheKey('USA', 'C26');
  assert.equal(JSON.parse(await near.cache.get(key)).version, version);
  await model.indicator('risk', { data: { USA: 1 }, by: 'region', default: 0 });
  while ((await assess.client.exists(key)) === 1) await pause(3); // until the sweep has deleted it
  await near.client.ping();
  assert.equal(await near.cache.get(key), null);
  await near.close();
});

test('near needs a number of entries, and a connection of its own', async () => {
  await assert.rejects(connect({ url, near: true }), RangeError);
  assert.throws(() => new Assess(over['node-redis, RESP3'].client, { near: 10 }), TypeError);
});

/** A port where no server listens. */
const closedPort = async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
};

test('while Redis is away the cache misses, and everything else rejects', async () => {
  const logged = [];
  const open = await connect({ url: `redis://127.0.0.1:${await closedPort()}`, log: (error) => logged.push(error.message) });
  assert.deepEqual([await open.cache.get('k'), await open.cache.mget(['k', 'l'])], [null, [null, null]]);
  assert.deepEqual([await open.cache.set('k', 'v'), await open.cache.mset({ k: 'v' })], [false, false]);
  assert.deepEqual(await open.cache.fetch('k'), { state: 'timeout' });
  assert.equal(await open.cache.fill('k', '0123456789abcdef', 'v'), false);
  assert.equal(await open.cache.getOrCompute('k', () => 'computed'), 'computed');
  assert.ok(logged.some((message) => message.includes('without the cache')));
  const calls = [open.cache.invalidate('k:*'), open.io('m').get('a', 'b'), open.queue('q').submit('t'), open.tiers.list()];
  for (const call of calls) await assert.rejects(call, Away);
  await assert.rejects(open.cacheInvalidate('k:*', () => 'changed')(), Away);
  await open.close();
});

test('without failOpen everything rejects while Redis is away, connect too', async () => {
  const away = `redis://127.0.0.1:${await closedPort()}`;
  await assert.rejects(connect({ url: away, failOpen: false, log: () => {} }), Away);
  const client = createClient({ url, disableOfflineQueue: true });
  const strict = new Assess(client, { failOpen: false }); // never connected
  await assert.rejects(strict.cache.get('k'), Away);
  await assert.rejects(strict.cache.getOrCompute('k', () => 'v'), Away);
  await assert.rejects(strict.cached('k', () => 'v')(), Away);
});
