// Types of clients/node: tsc --strict accepts this file, and reports every line that is marked as an error.

import { Redis } from 'ioredis';
import { createClient, createClientPool, createCluster } from 'redis';
import { Assess, AssessError, Away, Worker, connect } from 'redis-assess';
import type { Fetched, Handler, IoAssessment, JobStatus, ModelInfo, ScoreAssessment } from 'redis-assess';
import { cacheInvalidate, cached, part } from 'redis-assess/cached';

export const clients = async () => {
  new Assess(createClient({ RESP: 3 }));
  new Assess(createClientPool());
  new Assess(createCluster({ rootNodes: [] }));
  new Assess(new Redis());
  new Assess(new Redis.Cluster([]), { failOpen: false });
  await using assess = await connect({ url: 'redis://localhost', near: 100, socket: { connectTimeout: 10 } });
  // @ts-expect-error
  new Assess('redis://localhost');
  // @ts-expect-error
  await connect({ near: 'yes' });
  const value: string | null = await assess.client.get('k');
  const own = new Assess(createClientPool());
  // @ts-expect-error
  const wrong: number | null = await assess.client.get('k');
  return { value, wrong, clients: own.client.totalClients };
};

export const models = async (assess: Assess) => {
  const icio = assess.io('icio');
  const info: ModelInfo = await icio.load({ file: 'mini.csv', precision: 'f32', history: 100 });
  const { total, by_region: [first] }: IoAssessment = await icio.get('USA', 'C10', { layers: 2, ttl: 60, tenant: 'acme' });
  const share: number | null = first.share;
  const some: (IoAssessment | AssessError)[] = await icio.mget([['USA', 'C10']]);
  const coefficients: (number | null)[] = await icio.mcoef([['USA', 'C10', 'CHN', 'C26']]);
  await icio.whatif('USA', 'C10', [['extract', 'USA', '*'], ['scale', 'USA', 'C10', 'USA', 'C26', 0.5]]);
  await icio.footprint({ demand: { USA: { C10: 100 } }, top: 3 });
  const scores: (ScoreAssessment | AssessError)[] = await assess.score('flood').batch([{ rain: 1 }, [1, 2]]);
  const doubles: Float64Array = await assess.score('flood').batchArray(new Float64Array(4), 1);
  const { verdict } = await assess.origin('roo').get('8471.30', 'MX', 'US', { tv: 900 });
  const isKnown: boolean = verdict === 'qualified';
  // @ts-expect-error
  await icio.load({ file: 'mini.csv', precision: 'f16' });
  // @ts-expect-error
  await icio.get('USA');
  // @ts-expect-error
  await icio.get('USA', 'C10', { layer: 2 });
  // @ts-expect-error
  await icio.mget(['USA', 'C10']);
  // @ts-expect-error
  await icio.whatif('USA', 'C10', [['remove', 'USA', '*']]);
  // @ts-expect-error
  await icio.footprint({ top: 3 });
  // @ts-expect-error
  await assess.score('flood').get('USA', 'C10');
  return { info, total, share, some, coefficients, scores, doubles, isKnown };
};

export const cache = async ({ cache, tiers }: Assess) => {
  const text: string | null = await cache.get('k');
  const bytes: Buffer | null = await cache.get('k', { bytes: true });
  const isStored: boolean = await cache.set('k', { any: 'value' }, { ttl: 60, tags: ['t'], onlyIf: 'absent' });
  const fetched: Fetched = await cache.fetch('k', { leaseMs: 1000 });
  if (fetched.state === 'lease') await cache.fill('k', fetched.token, 'v');
  // @ts-expect-error
  if (fetched.state === 'hit') await cache.fill('k', fetched.token, 'v');
  const count: number = await cache.invalidate({ tags: ['t'], soft: true });
  await tiers.set('pages', ['page:*'], { ttl: 60, enforce: true });
  // @ts-expect-error
  await cache.invalidate({ tag: 't' });
  // @ts-expect-error
  await tiers.set('pages', 'page:*', { ttl: '60' });
  return { text, bytes, isStored, count };
};

export const jobs = async (assess: Assess) => {
  const queue = assess.queue('mail');
  const { id, created }: { id: string, created: boolean } = await queue.submit('welcome', { to: 'ada' }, { priority: 'high' });
  const result: string = await queue.result(id, { timeoutMs: 1000 });
  const bytes: Buffer = await queue.result(id, { bytes: true });
  const status: JobStatus | null = await queue.wait(id);
  const handler: Handler = async (payload, updateProgress, { signal, attempt }) => {
    updateProgress(50, 'half');
    // @ts-expect-error
    updateProgress('half');
    return signal.aborted ? attempt : payload;
  };
  const worker = new Worker(assess.client, 'mail', { welcome: handler }, { concurrency: 4, decode: JSON.parse });
  // @ts-expect-error
  await queue.submit('welcome', '', { priority: 'urgent' });
  // @ts-expect-error
  new Worker(assess.client, 'mail', { welcome: handler }, { lease: 1 });
  return { created, result, bytes, status, running: worker.run() };
};

export const decorated = async (assess: Assess) => {
  const area = cached('area', (width: number, height: number) => width * height, { ttl: 60 });
  const size: number = await area(2, 3);
  const name = assess.cached('name', async (user: string) => ({ name: user }), { failOpen: false });
  const { name: found }: { name: string } = await name('ada');
  const save = cacheInvalidate((user: string) => `name:${part(user)}:*`, (user: string) => user.length);
  const length: number = await save('ada');
  // @ts-expect-error
  await area('2', 3);
  // @ts-expect-error
  const wrong: string = await area(2, 3);
  // @ts-expect-error
  cached('area', () => 1, { lease: 1 });
  return { size, found, length, wrong };
};

export const code = (error: unknown) => {
  if (error instanceof AssessError) return error.code === 'LEASELOST' ? error.reason : error.code;
  return error instanceof Away ? error.code : null;
};
