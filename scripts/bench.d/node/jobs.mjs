// The commands JOB.* in one process, through the client that BullMQ uses: `node jobs.mjs PORT`.
// `separate`: SUBMIT, CLAIM and COMPLETE of each job. `counted`: SUBMITMANY, CLAIM COUNT, and COMPLETE of each job.

import { Redis } from 'ioredis';
import { data, parts, serve, stopwatch, TYPE, work } from './rounds.mjs';

const QUEUE = 'jobs:bench';
const MOST_OF_ONE = 100; // jobs of one SUBMITMANY: the default of assess.max-batch
const PORT = Number(process.argv[2]);

// A map of RESP2 as an object.
function fields(reply) {
  const named = {};
  for (let i = 0; i < reply.length; i += 2) named[reply[i]] = reply[i + 1];
  return named;
}

// Sends commands in one pipeline.
async function send(client, commands) {
  const failed = (await client.pipeline(commands.map((words) => ['call', ...words])).exec()).find(([error]) => error);
  if (failed) throw failed[0];
}

async function submit(client, jobs, bulk) {
  for (const size of parts(jobs, bulk)) {
    await send(client, Array.from({ length: size }, () => ['JOB.SUBMIT', QUEUE, TYPE, JSON.stringify(data)]));
  }
}

async function submitMany(client, jobs, bulk) {
  for (const size of parts(jobs, bulk)) {
    await send(client, Array.from(parts(size, MOST_OF_ONE), (count) => {
      const pairs = Array.from({ length: count }, () => [TYPE, JSON.stringify(data)]);
      return ['JOB.SUBMITMANY', QUEUE, count, ...pairs.flat()];
    }));
  }
}

async function finish(client, claimed) {
  if (!claimed) throw new Error('no job can be claimed');
  const { id, token, payload } = fields(claimed);
  await client.call('JOB.COMPLETE', QUEUE, id, token, JSON.stringify(work(JSON.parse(payload))));
}

// `concurrency` loops that each claim one job and complete it.
async function workSeparately(client, jobs, concurrency) {
  let left = jobs;
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      const [claimed] = await client.call('JOB.CLAIM', QUEUE, 1, TYPE);
      await finish(client, claimed);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}

// Claims `concurrency` jobs with one command, completes them, then claims the next ones.
async function workCounted(client, jobs, concurrency) {
  for (let left = jobs; left > 0;) {
    const claimed = await client.call('JOB.CLAIM', QUEUE, 1, TYPE, 'COUNT', Math.min(concurrency, left));
    if (claimed.length === 0) throw new Error(`no job can be claimed, ${left} are left`);
    await Promise.all(claimed.map((job) => finish(client, job)));
    left -= claimed.length;
  }
}

function side(submits, works) {
  return async ({ jobs, bulk, concurrency, autoPipelining }) => {
    const client = new Redis({ host: '127.0.0.1', port: PORT, enableAutoPipelining: autoPipelining });
    await client.ping();
    const elapsed = stopwatch();
    await submits(client, jobs, bulk);
    const submitted = elapsed();
    await works(client, jobs, concurrency);
    const completed = elapsed();
    await client.quit();
    return { submitted, completed };
  };
}

await serve({ separate: side(submit, workSeparately), counted: side(submitMany, workCounted) });
