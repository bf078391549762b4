// cached and cacheInvalidate of clients/node. REDIS_URL names a server with the module.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { NoLife, Remembered, cacheInvalidate, cached, client, close, connected, invalidate, keyOf, part } from 'redis-assess/cached';

const CALLERS = 20;

before(async () => {
  await connected;
  await client.sendCommand(['TIER.SET', 'node', 'PATTERN', 'node:*', 'TTL', '60', 'NEGATIVE', '60']);
});
after(close);

test('twenty callers share one computation', async () => {
  const computed = [];
  const square = cached('node:square', async (x) => {
    computed.push(x);
    const blocked = async () => Number((await client.info('clients')).match(/blocked_clients:(\d+)/)[1]);
    while ((await blocked()) < CALLERS - 1) await pause(3); // computes until all callers have requested the value
    return { square: x * x };
  }, { ttl: 60 });
  const answers = await Promise.all(Array.from({ length: CALLERS }, () => square(7)));
  assert.deepEqual(answers, Array(CALLERS).fill({ square: 49 }));
  assert.deepEqual(computed, [7]);
});

test('a value invalidated while it is computed is returned and not stored', async () => {
  let source = 'old';
  const read = cached('node:source', async () => {
    const seen = source;
    if (seen === 'old') {
      source = 'new';
      await invalidate('node:source:*');
    }
    return seen;
  });
  assert.deepEqual([await read(), await read(), await read()], ['old', 'new', 'new']);
});

test('an exception is raised and remembered', async () => {
  let tries = 0;
  const fails = cached('node:fails', () => {
    tries += 1;
    throw new RangeError('no such thing');
  });
  await assert.rejects(fails(), RangeError);
  await assert.rejects(fails(), (error) => error instanceof Remembered && /no such thing/.test(error.message));
  assert.equal(tries, 1);
});

test('invalidation counts its entries and keeps the others', async () => {
  const profile = cached('node:profile', (user, page) => [user, page]);
  const save = cacheInvalidate((user) => `node:profile:${part(user)}:*`, () => 'saved');
  for (const page of [0, 1, 2]) await profile('ann', page);
  await profile('anna', 0);
  assert.equal(await save('*'), 'saved');
  assert.equal(await invalidate('node:profile:ann:*'), 3);
  assert.equal(await invalidate('node:profile:*'), 1);
});

test('several patterns count together', async () => {
  for (const side of ['left', 'right']) await cached(`node:${side}`, (x) => x)(1);
  assert.equal(await invalidate('node:left:*', 'node:right:*'), 2);
  const both = cacheInvalidate(['node:left:*', 'node:right:*'], () => 'done');
  assert.equal(await both(), 'done');
});

test('entries in no tier are invalidated too', async () => {
  let computed = 0;
  const count = cached('tierless:node', () => (computed += 1), { ttl: 60 });
  assert.deepEqual([await count('ann'), await count('ann')], [1, 1]);
  assert.equal(await invalidate('node:nothing:*', 'tierless:node:ann:*'), 1);
  assert.equal(await count('ann'), 2);
});

test('a key without a time to live is refused before anything is computed', async () => {
  let computed = 0;
  const withoutTtl = (options) => cached('withoutTtl', () => (computed += 1), options)();
  await assert.rejects(withoutTtl(), (error) => error instanceof NoLife && /TIER\.SET/.test(error.message));
  await assert.rejects(withoutTtl(), NoLife);
  assert.equal(computed, 0);
  assert.match(await client.info('assess'), /assess_cache_leases:0\r/);
  assert.equal(await withoutTtl({ ttl: 60 }), 1);
});

test('a method needs selfKey to name its instance in the key', async () => {
  class Shop {
    computed = 0;
    constructor(name) { this.name = name; }
    price = cached('node:price', Shop.prototype.compute, { selfKey: (shop) => shop.name });
    forgotten = cached('node:forgotten', Shop.prototype.compute);
    compute(item) {
      this.computed += 1;
      return `${this.name} ${item}`;
    }
  }
  const [north, again, south] = [new Shop('north'), new Shop('north'), new Shop('south')];
  for (const shop of [north, again, south]) assert.equal(await shop.price('tea'), `${shop.name} tea`);
  assert.deepEqual([north.computed, again.computed, south.computed], [1, 0, 1]);
  await assert.rejects(north.forgotten('tea'), TypeError); // not the value that another shop has computed
});

test('different arguments never share a key', () => {
  const lists = [[], [''], ['', ''], ['a', 'b'], ['a:b'], [1], ['1'], [true], [null], ['null'], ['=1'], [['a']], [[]], [{}], [{ a: 1 }]];
  assert.equal(new Set(lists.map((args) => keyOf('p', args))).size, lists.length);
  for (const refused of [undefined, NaN, new Map(), new Date(0), [undefined], { a: undefined }, -0, () => 1]) {
    assert.throws(() => keyOf('p', [refused]), TypeError);
  }
});
