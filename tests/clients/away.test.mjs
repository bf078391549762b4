// The functions of redis-assess/cached while Redis is unreachable. REDIS_URL names a server with the module; a relay of this file is in front of it.
// Run with --test-force-exit: at the end one connection is left that gets no reply.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';

const server = new URL(process.env.REDIS_URL);
const open = new Set();
let silent = false;
const relay = net.createServer((from) => {
  const to = net.connect(server.port, server.hostname);
  for (const [one, other] of [[from, to], [to, from]]) {
    open.add(one);
    one.on('data', (bytes) => silent || other.write(bytes));
    one.on('close', () => other.destroy()).on('error', () => {});
  }
});
const listen = async (port) => {
  relay.listen(port, '127.0.0.1');
  await once(relay, 'listening');
  return relay.address().port;
};
const hangUp = async () => {
  relay.close();
  for (const one of open) one.destroy();
  await once(relay, 'close');
};

const comeBack = async () => {
  await listen(port);
  // Failed attempts are logged: they do not end the wait, as they would with once().
  if (!client.isReady) await new Promise((resolve) => client.once('ready', resolve));
};

const port = await listen(0);
await hangUp();
process.env.REDIS_URL = `redis://127.0.0.1:${port}`;
// The library loads although no server listens.
const { Away, cacheInvalidate, cached, client, close, patience } = await import('redis-assess/cached');
const double = cached('away:double', (x) => 2 * x, { ttl: 60 });
const strict = cached('away:strict', (x) => 2 * x, { ttl: 60, failOpen: false });
after(async () => {
  await close();
  await hangUp();
});

test('while Redis is unreachable values are computed, or refused without failOpen', async () => {
  assert.equal(await double(4), 8);
  await assert.rejects(strict(4), Away);
});

test('a change whose invalidation fails is an error', async () => {
  let changed = 0;
  await assert.rejects(cacheInvalidate('away:*', () => (changed += 1))(), Away);
  assert.equal(changed, 1);
});

test('connections are restored automatically', async () => {
  await comeBack();
  assert.equal(await strict(4), 8);
  assert.equal(await client.exists('away:strict:=4:'), 1);
});

test('a value that can no longer be stored is returned', async () => {
  const late = cached('away:late', async () => {
    const closed = once(client, 'error');
    await hangUp();
    await closed;
    return 'in time';
  }, { ttl: 60 });
  assert.equal(await late(), 'in time');
  await comeBack();
});

test('a server that does not reply counts as unreachable', async () => {
  silent = true;
  patience.reply = 100; // milliseconds
  assert.equal(await double(5), 10);
  await assert.rejects(strict(5), Away);
});
