// The worker of clients/node. REDIS_URL names a server with the module.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'redis';
import { Cancelled, GiveUp, Worker } from 'redis-assess';

const url = process.env.REDIS_URL;
const client = await createClient({ url }).connect();
after(() => client.destroy());
setTimeout(() => {
  console.error('a test waits without end');
  process.exit(1); // an error would fail the test and leave it waiting
}, 120_000).unref();

const never = () => new Promise(() => {});
const gate = () => {
  let open;
  const opened = new Promise((resolve) => { open = resolve; });
  return { opened, open };
};
const asMap = (flat) => Object.fromEntries(flat.flatMap((key, at) => (at % 2 ? [] : [[key, flat[at + 1]]])));
const submit = async (queue, type, payload = '', ...options) =>
  (await client.sendCommand(['JOB.SUBMIT', queue, type, payload, ...options]))[0];
const status = async (queue, job) => asMap(await client.sendCommand(['JOB.STATUS', queue, job]));
/** The status of a job that has ended. The wait blocks its connection. */
const ended = async (queue, job) => {
  const waiting = await createClient({ url }).connect();
  const found = await waiting.sendCommand(['JOB.WAIT', queue, job, 'BLOCK', '20000']);
  waiting.destroy();
  assert.ok(found, 'the job has not ended');
  return asMap(found);
};

/** Runs a test with a worker of these handlers, which is stopped at the end; gives the messages of its errors. */
const working = async (queue, handlers, options, run, through = client) => {
  const messages = [];
  const arrived = new EventEmitter();
  const onError = (error) => {
    messages.push(error.message);
    arrived.emit('message');
  };
  const expect = async (part) => {
    while (!messages.some((message) => message.includes(part))) await once(arrived, 'message');
  };
  const worker = new Worker(through, queue, handlers, { blockMs: 100, onError, ...options });
  const running = worker.run();
  try {
    return await run({ worker, expect });
  } finally {
    worker.stop();
    await running;
  }
};
const resultOf = (queue, handler, payload, ...options) =>
  working(queue, { job: handler }, {}, async () => ended(queue, await submit(queue, 'job', payload, ...options)));

test('a job runs and its result is stored', async () => {
  for (const [given, stored] of [['text', 'text'], [Buffer.from('bytes'), 'bytes'], [{ n: [1] }, '{"n":[1]}'], [undefined, 'null']]) {
    const found = await resultOf('node:result', () => given);
    assert.deepEqual([found.status, found.result], ['completed', stored]);
  }
});

test('a handler gets the bytes in both protocols, and what decode makes of them', async () => {
  for (const RESP of [2, 3]) {
    const through = await createClient({ url, RESP }).connect();
    await working('node:bytes', { job: (payload) => payload.toString('hex') }, {}, async () => {
      assert.equal((await ended('node:bytes', await submit('node:bytes', 'job', Buffer.from([255, 0])))).result, 'ff00');
    }, through);
    through.destroy();
  }
  await working('node:bytes', { job: ({ n }) => n + 1 }, { decode: JSON.parse }, async () => {
    assert.equal((await ended('node:bytes', await submit('node:bytes', 'job', '{"n":41}'))).result, '42');
  });
});

test('a handler knows its job', async () => {
  const handler = (payload, updateProgress, { id, attempt, metadata }) => `${id} ${attempt} ${metadata}`;
  const found = await resultOf('node:knows', handler, '', 'ID', 'order 7', 'METADATA', '{"user":7}');
  assert.equal(found.result, 'order 7 1 {"user":7}');
});

test('progress is visible while the job runs', async () => {
  const seen = gate();
  const handler = async (payload, updateProgress) => {
    updateProgress(30.5, 'reading');
    await seen.opened;
  };
  await working('node:progress', { job: handler }, { leaseMs: 600_000 }, async () => {
    const job = await submit('node:progress', 'job');
    let found;
    while (Number((found = await status('node:progress', job)).progress) !== 30) await pause(3);
    assert.equal(found.progress_message, 'reading');
    seen.open();
  });
});

test('a progress outside of 0 to 100 is an error of the handler', async () => {
  for (const percent of [-1, 101, NaN]) {
    const found = await resultOf('node:range', (payload, updateProgress) => updateProgress(percent), '', 'RETRIES', '0');
    assert.equal(found.status, 'failed');
    assert.match(found.error, /0 to 100/);
  }
});

test('a job that throws is run again and fails with a traceback', async () => {
  const breaks = () => { throw new RangeError('out of range'); };
  const found = await resultOf('node:throws', breaks, '', 'RETRIES', '1', 'BACKOFF', '1');
  assert.deepEqual([found.status, Number(found.attempts), found.error], ['failed', 2, 'out of range']);
  assert.match(found.traceback, /RangeError: out of range\n.*breaks/);
});

test('a job that gives up is not run again', async () => {
  const found = await resultOf('node:gives-up', () => { throw new GiveUp('no such user'); });
  assert.deepEqual([found.status, Number(found.attempts), found.error], ['failed', 1, 'no such user']);
});

test('a result that is too large fails the job without another run', async () => {
  const { 'assess.max-payload': kept } = await client.configGet('assess.max-payload');
  await client.configSet('assess.max-payload', '10');
  const found = await resultOf('node:large', () => 'eleven more');
  await client.configSet('assess.max-payload', kept);
  assert.deepEqual([found.status, Number(found.attempts)], ['failed', 1]);
  assert.match(found.error, /TOOBIG/);
});

test('more jobs can run at a time than one claim brings', async () => {
  await working('node:many', { job: () => 'done' }, { concurrency: 1000 }, async () => {
    assert.equal((await ended('node:many', await submit('node:many', 'job'))).result, 'done');
  });
});

test('a cancellation reaches a running handler', async () => {
  let begun;
  const waits = async (payload, updateProgress, { signal }) => {
    begun.open();
    await pause(2 ** 30, undefined, { signal });
  };
  const asks = async (payload, updateProgress, { signal }) => {
    begun.open();
    await once(signal, 'abort');
    assert.throws(() => updateProgress(50), Cancelled);
    updateProgress(50);
  };
  for (const handler of [waits, asks]) {
    begun = gate();
    await working('node:cancel', { job: handler }, { leaseMs: 300 }, async () => {
      const job = await submit('node:cancel', 'job');
      await begun.opened;
      await client.sendCommand(['JOB.CANCEL', 'node:cancel', job]);
      const found = await ended('node:cancel', job);
      assert.deepEqual([found.status, found.error], ['cancelled', 'cancelled']);
    });
  }
});

test('the heartbeat keeps a job longer than its lease', async () => {
  const later = gate();
  const handlers = { long: () => later.opened, later: () => later.open() };
  await working('node:long', handlers, { leaseMs: 300, concurrency: 2 }, async () => {
    const job = await submit('node:long', 'long');
    await submit('node:long', 'later', '', 'DELAY', '1200');
    const found = await ended('node:long', job);
    assert.deepEqual([found.status, Number(found.attempts)], ['completed', 1]);
  });
});

test('a graceful stop ends the running job and claims no more', async () => {
  const [begun, release] = [gate(), gate()];
  const handler = () => {
    begun.open();
    return release.opened;
  };
  const jobs = await working('node:stop', { job: handler }, {}, async ({ worker }) => {
    const submitted = [await submit('node:stop', 'job'), await submit('node:stop', 'job')];
    await begun.opened;
    worker.stop();
    release.open();
    return submitted;
  });
  assert.equal((await status('node:stop', jobs[0])).status, 'completed');
  assert.equal((await status('node:stop', jobs[1])).status, 'pending');
});

test('a job that outlasts the grace is aborted and run by another worker', async () => {
  const [begun, late] = [gate(), gate()];
  const handler = async (payload, updateProgress, { signal }) => {
    begun.open();
    await once(signal, 'abort');
    return late.opened;
  };
  const job = await working('node:grace', { job: handler }, { leaseMs: 300, grace: 0 }, async () => {
    const submitted = await submit('node:grace', 'job');
    await begun.opened;
    return submitted;
  });
  await working('node:grace', { job: () => 'in time' }, {}, async () => {
    const found = await ended('node:grace', job);
    assert.deepEqual([found.result, Number(found.attempts)], ['in time', 2]);
  });
  late.open('late');
});

/** A worker in a process of its own; its handler prints a line, then waits for the end of `wait`. */
const otherProcess = async (queue, leaseMs, wait) => {
  const script = `
    import { createClient } from 'redis';
    import { Worker } from 'redis-assess';
    const client = await createClient({ url: '${url}' }).connect();
    const hang = async () => { console.log('begun'); await ${wait}; return 'finished'; };
    const worker = new Worker(client, '${queue}', { hang }, { leaseMs: ${leaseMs}, blockMs: 100 });
    const stopping = new Promise((resolve) => { process.once('SIGTERM', resolve); });
    worker.stopOnSignals();
    await worker.run();
    client.destroy();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
};

test('the job of a killed worker is run by another', async () => {
  const job = await submit('node:killed', 'hang');
  const child = await otherProcess('node:killed', 500, 'new Promise(() => {})');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await working('node:killed', { hang: (payload, updateProgress, { attempt }) => attempt }, {}, async () => {
    assert.equal((await ended('node:killed', job)).result, '2');
  });
});

test('a signal stops a worker when its job has ended', async () => {
  const [first, second] = [await submit('node:signal', 'hang'), await submit('node:signal', 'hang')];
  const child = await otherProcess('node:signal', 30_000, 'stopping');
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.equal((await status('node:signal', first)).result, 'finished');
  assert.equal((await status('node:signal', second)).status, 'pending');
});

test('a lost connection is restored and the report is repeated', async () => {
  const open = new Set();
  const server = new URL(url);
  const relay = net.createServer((from) => {
    const to = net.connect(server.port, server.hostname);
    for (const [one, other] of [[from, to], [to, from]]) {
      open.add(one);
      one.on('data', (bytes) => other.write(bytes)).on('close', () => other.destroy()).on('error', () => {});
    }
  });
  const listen = async (port) => {
    relay.listen(port, '127.0.0.1');
    await once(relay, 'listening');
    return relay.address().port;
  };
  const port = await listen(0);
  const through = createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true }).on('error', () => {});
  await through.connect();
  const [begun, release] = [gate(), gate()];
  const handler = async (payload, updateProgress, { attempt }) => {
    begun.open();
    await release.opened;
    return attempt;
  };
  await working('node:lost', { job: handler }, {}, async ({ expect }) => {
    const job = await submit('node:lost', 'job');
    await begun.opened;
    relay.close();
    for (const one of open) one.destroy();
    await once(relay, 'close');
    release.open();
    await expect('JOB.COMPLETE is repeated');
    await listen(port);
    assert.equal((await ended('node:lost', job)).result, '1');
    assert.equal((await ended('node:lost', await submit('node:lost', 'job'))).result, '1');
  }, through);
  through.destroy();
  relay.close();
  for (const one of open) one.destroy();
});

test('a worker can be stopped that has never reached its server', async () => {
  const [relay, through] = [net.createServer().listen(0, '127.0.0.1'), createClient({ url })];
  await once(relay, 'listening');
  const { port } = relay.address();
  relay.close();
  const away = { duplicate: () => createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true }) };
  await working('node:away', { job: never }, {}, ({ expect }) => expect('ECONNREFUSED'), Object.assign(through, away));
});

test('a claim that is refused is reported and repeated', async () => {
  await client.set('node:refused', 'not a queue');
  await working('node:refused', { job: () => 'done' }, {}, async ({ expect }) => {
    await expect('WRONGTYPE');
    await client.del('node:refused');
    assert.equal((await ended('node:refused', await submit('node:refused', 'job'))).result, 'done');
  });
});

test('a handler stops when its queue is deleted', async () => {
  const begun = gate();
  const handler = async (payload, updateProgress, { signal }) => {
    begun.open();
    await once(signal, 'abort');
  };
  await working('node:deleted', { job: handler }, { leaseMs: 300 }, async ({ expect }) => {
    await submit('node:deleted', 'job');
    await begun.opened;
    await client.del('node:deleted');
    await expect('no job');
  });
});

test('a worker without handlers or with no concurrency is refused', () => {
  assert.throws(() => new Worker(client, 'q', {}), RangeError);
  assert.throws(() => new Worker(client, 'q', { job: never }, { concurrency: 0 }), RangeError);
});
