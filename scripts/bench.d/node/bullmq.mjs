// BullMQ in one process: `node bullmq.mjs PORT`. addBulk submits the jobs, a Worker runs them and completes them.
// Each round has new objects of BullMQ; the parent empties the server between rounds.

import { Queue, Worker } from 'bullmq';
import { data, parts, serve, stopwatch, TYPE, work } from './rounds.mjs';

const NAME = 'bench';
const PORT = Number(process.argv[2]);

async function submit(queue, jobs, bulk) {
  for (const size of parts(jobs, bulk)) {
    await queue.addBulk(Array.from({ length: size }, () => ({ name: TYPE, data })));
  }
}

function ended(worker, jobs) {
  return new Promise((resolve, reject) => {
    let left = jobs;
    worker.on('completed', () => { left -= 1; if (left === 0) resolve(); });
    worker.on('failed', (_, error) => reject(error));
    worker.on('error', reject);
  });
}

// Submits jobs and waits until all are completed. With `overlap` the worker runs while jobs are submitted.
async function complete({ jobs, bulk, concurrency, autoPipelining, overlap }) {
  const connection = { host: '127.0.0.1', port: PORT, enableAutoPipelining: autoPipelining };
  const queue = new Queue(NAME, { connection });
  const worker = new Worker(NAME, async (job) => work(job.data), { connection, concurrency, autorun: false });
  const allEnded = ended(worker, jobs);
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  const elapsed = stopwatch();
  let running = overlap ? worker.run() : undefined;
  await submit(queue, jobs, bulk);
  const submitted = elapsed();
  running ??= worker.run();
  await allEnded;
  const completed = elapsed();
  const counts = await queue.getJobCounts('completed');
  await worker.close();
  await running;
  await queue.close();
  if (counts.completed !== jobs) throw new Error(`${counts.completed} of ${jobs} jobs are completed`);
  return { submitted, completed };
}

// Submits jobs that wait.
async function fill({ jobs, bulk }) {
  const queue = new Queue(NAME, { connection: { host: '127.0.0.1', port: PORT } });
  const elapsed = stopwatch();
  await submit(queue, jobs, bulk);
  const submitted = elapsed();
  await queue.close();
  return { submitted };
}

await serve({ complete, fill });
