// Models of clients/node, over each kind of client and both protocols. REDIS_URL names a server with the module, TABLES its data
// folder, REPOSITORY the folder with samples/.

import assert from 'node:assert/strict';
import { copyFile, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { createClient, createClientPool, createSentinel } from 'redis';
import { Assess, AssessError, TimedOut, connect } from 'redis-assess';

const { REDIS_URL: url, TABLES, REPOSITORY } = process.env;
const quiet = () => {};
const io = new Redis(url);
/** @type {Record<string, Assess>} */
const over = {
  'node-redis, RESP2': new Assess(await createClient({ url }).on('error', quiet).connect()),
  'node-redis, RESP3': new Assess(await createClient({ url, RESP: 3 }).on('error', quiet).connect()),
  'a pool of node-redis, RESP3': new Assess(await createClientPool({ url, RESP: 3 }).on('error', quiet).connect()),
  ioredis: new Assess(io),
  connect: await connect(),
};
const assess = over.connect;
setTimeout(() => {
  console.error('a test waits without end');
  process.exit(1); // an error would fail the test and leave it waiting
}, 120_000).unref();
const samples = (name) => readFile(`${REPOSITORY}/samples/${name}`);

/** The same call over each kind of client; all give the same value, which is returned. */
const everywhere = async (call) => {
  const found = [];
  for (const [name, one] of Object.entries(over)) found.push([name, await call(one)]);
  for (const [name, value] of found) assert.deepStrictEqual(value, found[0][1], name);
  return found[0][1];
};
const rejects = async (call, code) => {
  for (const [name, one] of Object.entries(over)) {
    await assert.rejects(call(one), (error) => error instanceof AssessError && error.code === code, `${name}: ${code}`);
  }
};

before(async () => {
  await copyFile(`${REPOSITORY}/samples/mini.csv`, `${TABLES}/mini.csv`);
  await assess.io('icio').load({ file: 'mini.csv', history: 100 });
  await assess.io('icio').indicator('risk', { data: (await samples('mini_risk.csv')).toString(), by: 'region', unit: 'points' });
  await assess.io('other').load({ data: await samples('mini.csv') });
  await assess.score('flood').load({ data: await samples('flood.json') });
  await assess.origin('roo').load({ data: await samples('codes.csv') });
  await assess.origin('roo').load({ data: await samples('agreement.json'), history: 100 });
  for (const model of [assess.io('icio'), assess.io('other'), assess.score('flood'), assess.origin('roo')]) await model.wait();
});
after(async () => {
  await assess.close();
  for (const { client } of Object.values(over)) if (client !== io && client.isOpen) client.destroy();
  io.disconnect();
});

test('models are listed and described', async () => {
  assert.deepEqual((await everywhere((one) => one.models())).sort(), ['flood', 'icio', 'other', 'roo']);
  assert.deepEqual(await everywhere((one) => one.models('f*')), ['flood']);
  const info = await everywhere(async (one) => {
    const { kind, state, version, nodes, indicators, warnings, history } = await one.io('icio').info();
    return { kind, state, version, nodes, indicators, warnings, history };
  });
  assert.deepEqual([info.kind, info.state, info.nodes, info.indicators], ['io', 'ready', 30, ['risk', 'output']]);
  assert.deepEqual(info.history, { capacity: 100, entries: 0 });
  assert.deepEqual(await everywhere((one) => one.score('flood').labels('features')), ['rain_mm', 'river_m', 'soil', 'slope']);
  assert.equal((await everywhere((one) => one.origin('roo').find('machines')))[0].code.length > 0, true);
});

test('coefficients are numbers, and null for unknown labels', async () => {
  const coef = await everywhere((one) => one.io('icio').coef('USA', 'C10T12', 'USA', 'C10T12'));
  assert.ok(coef > 0.2 && coef < 0.3, `${coef}`);
  const links = [['USA', 'C10T12', 'USA', 'C10T12'], ['XXX', 'C10T12', 'USA', 'C10T12']];
  assert.deepEqual(await everywhere((one) => one.io('icio').mcoef(links)), [coef, null]);
});

test('an assessment is a document, with the options that are given', async () => {
  const found = await everywhere((one) => one.io('icio').get('USA', 'C10T12', { layers: 2, top: 1 }));
  assert.deepEqual([found.kind, found.indicator, found.unit], ['io', 'risk', 'points']);
  assert.deepEqual([found.layers.length, found.contributors.length, found.subject], [3, 1, { region: 'USA', sector: 'C10T12' }]);
  const key = await everywhere((one) => one.io('icio').cacheKey('USA', 'C10T12', { layers: 2, top: 1 }));
  assert.deepEqual(JSON.parse(await assess.cache.get(key)), found);
});

test('the time to live and the tenant of an assessment', async () => {
  await assess.io('icio').get('DEU', 'C29', { ttl: 60, tenant: 'acme' });
  const left = await assess.cache.ttl(await assess.io('icio').cacheKey('DEU', 'C29'));
  assert.ok(left.fresh_ms > 0 && left.fresh_ms <= 60_000, `${left.fresh_ms}`);
  const logged = await everywhere((one) => one.io('icio').history({ tenant: 'acme' }));
  assert.deepEqual(logged.map((entry) => entry.subject), ['DEU:C29']);
  assert.deepEqual(await everywhere((one) => one.io('icio').history({ tenant: 'acme', until: new Date(0) })), []);
});

test('errors of a batch stand in the places of their subjects', async () => {
  for (const [name, one] of Object.entries(over)) {
    const [found, failed] = await one.io('icio').mget([['USA', 'C26'], ['XXX', 'C26']], { top: 1 });
    assert.equal(found.subject.sector, 'C26', name);
    assert.ok(failed instanceof AssessError, name);
    assert.equal(failed.code, 'NOSUBJECT', name);
  }
});

test('errors have the codes of the server', async () => {
  await rejects((one) => one.io('nothing').get('USA', 'C10T12'), 'NOMODEL');
  await rejects((one) => one.io('icio').get('XXX', 'C10T12'), 'NOSUBJECT');
  await rejects((one) => one.io('icio').get('USA', 'C10T12', { indicator: 'none' }), 'NOINDICATOR');
  await rejects((one) => one.io('icio').get('USA', 'C10T12', { layers: 99 }), 'ERR');
  await rejects((one) => one.io('icio').mget(Array(101).fill(['USA', 'C26'])), 'TOOBIG');
  await rejects((one) => one.score('flood').load({ data: '{' }), 'BADFILE');
  await assess.client.set('text', 'a text');
  await rejects((one) => one.io('text').info(), 'WRONGTYPE');
});

test('the other requests of an input-output model', async () => {
  const ranked = await everywhere((one) => one.io('icio').rank({ by: 'foreign', region: 'USA', limit: 2 }));
  assert.deepEqual(ranked.map(({ region }) => region), ['USA', 'USA']);
  assert.ok(ranked[0].value >= ranked[1].value);
  const changes = [['stress', 'CHN', '*', 2], ['extract', 'USA', 'D35']];
  const whatif = await everywhere((one) => one.io('icio').whatif('USA', 'C10T12', changes, { top: 1 }));
  assert.equal(whatif.changes.length, 2);
  const compared = await everywhere((one) => one.io('icio').compare('other', 'USA', 'C10T12', { indicator: 'output' }));
  assert.deepEqual([compared.models, compared.difference.total], [['icio', 'other'], 0]);
  const ofRegion = await everywhere((one) => one.io('icio').footprint({ region: 'USA', top: 1 }));
  assert.equal(ofRegion.region, 'USA');
  const ofDemand = await everywhere((one) => one.io('icio').footprint({ demand: { USA: { C10T12: 100 } } }));
  assert.ok(ofDemand.total > 0);
  const dependents = await everywhere((one) => one.io('icio').dependents('USA', 'D35', { by: 'value', limit: 3 }));
  assert.deepEqual([dependents.by, dependents.dependents.length], ['value', 3]);
  const profile = await everywhere((one) => one.io('icio').profile('USA', 'C10T12', { indicators: ['output'] }));
  assert.deepEqual(profile.indicators.map(({ indicator }) => indicator), ['output']);
});

test('an indicator is set and deleted', async () => {
  const model = assess.io('other');
  await model.indicator('water', { data: { USA: 1, CHN: 2, DEU: 3, JPN: 4, ROW: 5 }, by: 'region' });
  await model.wait();
  assert.deepEqual(await model.labels('indicators'), ['water', 'output']);
  assert.deepEqual([await model.deleteIndicator('water'), await model.deleteIndicator('water')], [true, false]);
});

test('scores of one row and of many', async () => {
  const inputs = { rain_mm: 41.6, river_m: 2.84, soil: 0.71, slope: 0.012 };
  const one = await everywhere((client) => client.score('flood').get(inputs, { contributions: 'shap' }));
  assert.ok(one.score > 0.9 && one.score < 1, `${one.score}`);
  const row = Object.values(inputs);
  const [first, failed] = await assess.score('flood').batch([row, { rain_mm: 3 }]);
  assert.equal(first.score, one.score);
  assert.deepEqual([failed instanceof AssessError, failed.code], [true, 'ERR']);
  const [both] = await everywhere((client) => client.score('flood').mget([inputs]));
  assert.equal(both.score, one.score);
});

test('scores of rows in an array of numbers', async () => {
  const row = [41.6, 2.84, 0.71, 0.012];
  const [{ score }] = await assess.score('flood').batch([row]);
  const found = await everywhere((one) => one.score('flood').batchArray(Float64Array.from([...row, ...row]), 2));
  assert.deepEqual([found.constructor, [...found]], [Float64Array, [score, score]]);
  // A part of a larger buffer, which does not begin at its first byte.
  const part = Float32Array.from([0, ...row]).subarray(1);
  const single = await everywhere((one) => one.score('flood').batchArray(part, 1));
  assert.deepEqual([single.constructor, single.length], [Float32Array, 1]);
  assert.ok(Math.abs(single[0] - score) < 1e-4, `${single[0]}`);
  await rejects((one) => one.score('flood').batchArray(part, 2), 'ERR');
});

test('infinite numbers are refused: JSON would make missing values of them', () => {
  assert.throws(() => assess.score('flood').batch([[Infinity, 1, 1, 1]]), TypeError);
  assert.throws(() => assess.score('flood').get({ rain_mm: -Infinity }), TypeError);
});

test('rules of origin', async () => {
  const facts = { date: '2026-08-01', tv: 900, bom: [{ hs: '8473.30', origin: 'CN', value: 250 }] };
  const found = await everywhere((one) => one.origin('roo').get('8471.30', 'MX', 'US', facts, { tenant: 'acme' }));
  assert.deepEqual([found.kind, found.hs, found.verdict], ['origin', '847130', 'qualified']);
  const [without] = await assess.origin('roo').mget([['8471.30', 'MX', 'US']]);
  assert.equal(without.verdict, 'insufficient_information');
  const logged = await everywhere((one) => one.origin('roo').history({ route: ['MX', 'US'], status: 'qualified' }));
  assert.deepEqual(logged.map(({ assessment }) => assessment), [found]);
  const key = await assess.origin('roo').cacheKey('8471.30', 'MX', 'US', facts);
  assert.deepEqual(JSON.parse(await assess.cache.get(key)), found);
  const [parent] = await everywhere((one) => one.origin('roo').hs('8471.30', 'parents'));
  assert.ok('847130'.startsWith(parent.code) || parent.level === 1, parent.code);
  assert.equal((await everywhere((one) => one.origin('roo').rules({ hs: '8471.30' })))[0].id, 'USMCA-2024-01');
  await assess.client.copy('roo', 'roo2');
  assert.equal(await assess.origin('roo2').drop('sample'), true);
  await assess.client.del('roo2');
});

test('a job caches assessments', async () => {
  const model = assess.io('icio');
  const job = await model.warm({ subjects: [['JPN', 'C26'], ['JPN', 'C29']], ttl: 60 });
  const result = JSON.parse(await model.jobs.result(job, { timeoutMs: 60_000 }));
  assert.deepEqual([result.subjects, result.failed], [2, 0]);
  assert.ok(await assess.cache.get(await model.cacheKey('JPN', 'C29')));
  const all = await model.warm();
  assert.equal(JSON.parse(await model.jobs.result(all, { timeoutMs: 60_000 })).subjects, 30);
  assert.equal(assess.io('{eu}:icio').jobs.key, 'assess:jobs:{eu}');
});

test('what the server could misread is refused before anything is sent', () => {
  const model = assess.io('icio');
  assert.throws(() => model.get('USA', undefined), TypeError);
  assert.throws(() => model.get('USA', 'C10T12', { indicators: 'risk' }), /unknown option indicators/);
  assert.throws(() => model.get('USA', 'C10T12', { refresh: 'yes' }), TypeError);
  assert.throws(() => model.get('USA', 'C10T12', { layers: NaN }), TypeError);
  assert.throws(() => model.load({}), TypeError);
  assert.throws(() => model.load({ file: 'a', data: 'b' }), TypeError);
  assert.throws(() => new Assess({}), TypeError);
  const sentinel = createSentinel({ name: 'main', sentinelRootNodes: [{ host: 'localhost', port: 1 }] });
  assert.throws(() => new Assess(sentinel), TypeError);
});

test('a wait for a model has an end', async () => {
  await assert.rejects(assess.io('none').wait(), (error) => error.code === 'NOMODEL');
  await assert.rejects(assess.io('icio').jobs.result(await assess.queue('waits').submit('never').then(({ id }) => id)), (error) =>
    error.code === 'ERR');
  const { id } = await assess.queue('waits').submit('never');
  await assert.rejects(assess.queue('waits').result(id, { timeoutMs: 1 }), TimedOut);
});

test('any command can be sent, with errors by code', async () => {
  assert.equal(await everywhere((one) => one.command(['MODEL.LIST', 'f*']).then(([name]) => name)), 'flood');
  const bytes = await everywhere((one) => one.command(['GET', 'text'], { bytes: true }));
  assert.deepEqual(bytes, Buffer.from('a text'));
  await rejects((one) => one.command(['MODEL.NOTHING']), 'ERR');
  assert.equal(await assess.client.get('text'), 'a text');
});
