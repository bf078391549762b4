// Queues of clients/node, over each kind of client and both protocols. REDIS_URL names a server with the module.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { Assess, AssessError, JobFailed, TimedOut, Worker, connect } from 'redis-assess';

const url = process.env.REDIS_URL;
const io = new Redis(url);
const over = {
  'node-redis, RESP2': new Assess(await createClient({ url }).connect()),
  'node-redis, RESP3': new Assess(await createClient({ url, RESP: 3 }).connect()),
  'a pool of node-redis': new Assess(await createClientPool({ url }).connect()),
  ioredis: new Assess(io),
  connect: await connect({ url }),
};
const assess = over.connect;
setTimeout(() => {
  console.error('a test waits without end');
  process.exit(1); // an error would fail the test and leave it waiting
}, 120_000).unref();
after(async () => {
  for (const one of Object.values(over)) await one.close();
  for (const { client } of Object.values(over)) if (client !== io && client.isOpen) client.destroy();
  io.disconnect();
});

/** The same call over each kind of client; all give the same value, which is returned. */
const everywhere = async (call) => {
  const found = [];
  for (const [name, one] of Object.entries(over)) found.push([name, await call(one)]);
  for (const [name, value] of found) assert.deepStrictEqual(value, found[0][1], name);
  return found[0][1];
};

/** Runs a worker during a test. */
const working = async (queue, handlers, run) => {
  const worker = new Worker(assess.client, queue.key, handlers, { blockMs: 100, onError: () => {}, decode: JSON.parse });
  const running = worker.run();
  try {
    return await run();
  } finally {
    worker.stop();
    await running;
  }
};

test('a job is submitted, a second one is a duplicate', async () => {
  const queue = assess.queue('q:submit');
  const options = { id: 'j1', priority: 'high', delayMs: 60_000, retries: 1, group: 'acme', metadata: { user: 7 } };
  assert.deepEqual(await queue.submit('mail', { to: 'ada' }, options), { id: 'j1', created: true });
  assert.deepEqual(await everywhere((one) => one.queue('q:submit').submit('mail', '', { id: 'j1' })), { id: 'j1', created: false });
  const job = await everywhere((one) => one.queue('q:submit').status('j1'));
  assert.deepEqual([job.job_type, job.status, job.priority, job.group], ['mail', 'delayed', 'high', 'acme']);
  assert.deepEqual([JSON.parse(job.metadata), job.progress, job.duration_seconds], [{ user: 7 }, 0, null]);
  const at = new Date(Date.now() + 100_000);
  const { id } = await queue.submit('mail', '', { at });
  assert.equal((await queue.status(id)).due_at, at.getTime());
});

test('several jobs are submitted, all or none', async () => {
  const queue = assess.queue('q:many');
  const ids = await queue.submitMany([['mail', 'a'], ['mail', { b: 1 }]], { unique: 'queued' });
  assert.equal(ids.length, 2);
  assert.deepEqual(await everywhere((one) => one.queue('q:many').submitMany([['mail', 'a']], { unique: 'queued' })), [ids[0]]);
  const listed = await everywhere((one) => one.queue('q:many').list({ status: 'pending', limit: 10 }));
  assert.deepEqual(listed.map(({ job_id }) => job_id), ids.toReversed());
  await assert.rejects(queue.submitMany([['mail', 'a'], ['', 'b']]), (error) => error.code === 'ERR');
  const info = await everywhere(async (one) => {
    const { oldest_waiting_ms: waiting, ...rest } = await one.queue('q:many').info();
    assert.equal(typeof waiting, 'number');
    return rest;
  });
  assert.deepEqual([info.pending, info.types[0].job_type, info.waiting_time.count, info.jobs_per_second], [2, 'mail', 0, 0]);
});

test('the result of a job, as text and as bytes', async () => {
  const queue = assess.queue('q:result');
  await working(queue, { double: ({ n }) => ({ n: 2 * n }), bytes: () => Buffer.from([255, 0]) }, async () => {
    const { id } = await queue.submit('double', { n: 21 });
    assert.equal(await queue.result(id), '{"n":42}');
    assert.equal(await everywhere((one) => one.queue('q:result').result(id, { timeoutMs: 60_000 })), '{"n":42}');
    const found = await everywhere((one) => one.queue('q:result').wait(id));
    assert.deepEqual([found.status, found.attempts, typeof found.duration_seconds], ['completed', 1, 'number']);
    const other = await queue.submit('bytes', null);
    assert.deepEqual(await queue.result(other.id, { bytes: true }), Buffer.from([255, 0]));
    assert.deepEqual(await over.ioredis.queue('q:result').result(other.id, { bytes: true }), Buffer.from([255, 0]));
  });
});

test('a job that fails, is cancelled or is unknown has no result', async () => {
  const queue = assess.queue('q:fails');
  await working(queue, { fails: () => { throw new RangeError('out of range'); } }, async () => {
    const { id } = await queue.submit('fails', 1, { retries: 0 });
    const isFailed = (error) => error instanceof JobFailed && error.job.job_id === id && /out of range/.test(error.message);
    for (const one of Object.values(over)) await assert.rejects(one.queue('q:fails').result(id), isFailed);
    await queue.retry(id);
    await assert.rejects(queue.result(id), isFailed);
  });
  const { id } = await queue.submit('later', '', { delayMs: 600_000 });
  await assert.rejects(queue.result(id, { timeoutMs: 1 }), TimedOut);
  assert.equal(await queue.wait(id, { timeoutMs: 1 }), null);
  assert.equal(await queue.cancel(id), 'cancelled');
  await assert.rejects(queue.result(id), (error) => error instanceof JobFailed && error.job.status === 'cancelled');
  await assert.rejects(queue.result('none'), (error) => error instanceof AssessError && error.code === 'ERR');
});

test('a wait does not hold up other commands', async () => {
  for (const name of ['node-redis, RESP2', 'a pool of node-redis', 'connect']) {
    const one = over[name];
    const queue = one.queue('q:waits');
    const { id } = await queue.submit('later', '', { delayMs: 600_000 });
    const waiting = queue.wait(id);
    // Waits for the event: on the connection of the wait these commands would get no reply.
    while (!/blocked_clients:[1-9]/.test(await one.client.info('clients'))) await queue.status(id);
    await queue.cancel(id);
    assert.equal((await waiting).status, 'cancelled', name);
  }
});
