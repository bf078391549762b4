// The loop of both sides of row 14: reads one JSON object a line, runs a round, prints one JSON object a line.

import { createInterface } from 'node:readline';

const PAYLOAD_BYTES = 200;
const QUOTES = 2;

export const TYPE = 'work';
export const RESULT = 'done';

// The data of every job; both sides store it as JSON, which has PAYLOAD_BYTES bytes.
export const data = 'x'.repeat(PAYLOAD_BYTES - QUOTES);

// The work of a job on both sides: the data has arrived complete.
export function work(received) {
  if (received !== data) throw new Error('the data of a job is not what was submitted');
  return RESULT;
}

// An error of a client library contains the words of its command: its first line is enough.
process.on('uncaughtException', (error) => {
  console.error(String(error).split('\n')[0]);
  process.exit(1);
});

// Runs `{ run: name, ...settings }` of each line.
export async function serve(runs) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { run, ...settings } = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(await runs[run](settings))}\n`);
  }
}

// A function that returns the seconds since this call.
export function stopwatch() {
  const begin = process.hrtime.bigint();
  return () => Number(process.hrtime.bigint() - begin) / 1e9;
}

// Sizes of the parts that `count` jobs are submitted in.
export function* parts(count, most) {
  for (let sent = 0; sent < count; sent += most) yield Math.min(most, count - sent);
}
