// The package of clients/node: its version, its types, its tarball. REPOSITORY names the folder of this repository. The tests
// install nothing from a registry.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const root = process.env.REPOSITORY;
const here = import.meta.dirname;
const read = (file) => readFile(join(root, file), 'utf8');
const run = async (program, words, options) => {
  try {
    return (await promisify(execFile)(program, words, { cwd: here, ...options })).stdout;
  } catch (error) {
    assert.fail(`${program} ${words.join(' ')}\n${error.stdout}\n${error.stderr}\n${error.message}`);
  }
};
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const compile = (words, options) => run(process.execPath, [tsc, ...words], options);
const filesOf = async (folder) => (await readdir(folder, { recursive: true })).sort();

/** Builds the tarball; gives its bytes and its file. */
const packed = async (folder) => {
  const file = (await run(join(root, 'scripts/package'), ['--node', '--output', join(here, folder)])).trim();
  return { file, bytes: await readFile(file) };
};

test('the version is that of the module', async () => {
  const [, version] = /^\[workspace\.package\][^[]*?^version *= *"([^"]*)"/m.exec(await read('Cargo.toml'));
  assert.equal(JSON.parse(await read('clients/node/package.json')).version, version);
});

test('the sources agree with their types, and types/ is made from them', async () => {
  const copy = join(here, 'checked');
  await cp(join(root, 'clients/node'), copy, { recursive: true });
  await rm(join(copy, 'types'), { recursive: true });
  await compile(['-p', '.'], { cwd: copy });
  const [made, kept] = [join(copy, 'types'), join(root, 'clients/node/types')];
  assert.deepEqual(await filesOf(kept), await filesOf(made));
  for (const file of await filesOf(made)) {
    const texts = await Promise.all([made, kept].map((folder) => readFile(join(folder, file), 'utf8')));
    assert.equal(texts[1], texts[0], `types/${file} is outdated: in clients/node, delete types/ and run tsc -p .`);
  }
});

test('a program in TypeScript has the types of the package', async () => {
  await cp(join(root, 'tests/clients/typed_use.mts'), join(here, 'typed_use.mts'));
  const strict = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022'];
  await compile([...strict, '--lib', 'es2023,esnext.disposable', '--types', 'node', 'typed_use.mts']);
});

test('the tarball has the licence, the sources and the types, and is the same each time', async () => {
  const [first, second] = [await packed('first'), await packed('second')];
  assert.ok(first.bytes.equals(second.bytes));
  const { version } = JSON.parse(await read('clients/node/package.json'));
  assert.ok(first.file.endsWith(`/redis-assess-${version}.tgz`), first.file);
  const names = (await run('tar', ['-tzf', first.file])).trim().split('\n').map((name) => name.replace('package/', ''));
  const wanted = ['LICENSE', 'README.md', 'package.json'];
  for (const folder of ['src', 'types']) {
    for (const file of await filesOf(join(root, 'clients/node', folder))) wanted.push(`${folder}/${file}`);
  }
  assert.deepEqual(names.sort(), wanted.sort());
});

/** Installs the package into an empty project, and gives the names that a program there can import. */
const installed = async (folder, what) => {
  const project = join(here, folder);
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{ "private": true }');
  const local = ['--offline', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', ['install', '--install-links', ...local, what], { cwd: project });
  const script = "console.log(Object.keys(await import('redis-assess')).join(' ')); import.meta.resolve('redis-assess/cached')";
  return (await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project })).trim().split(' ');
};

test('the package is installed from its folder and from the tarball', async () => {
  const names = Object.keys(await import('redis-assess'));
  assert.deepEqual(await installed('from-folder', join(root, 'clients/node')), names);
  assert.deepEqual(await installed('from-tarball', (await packed('third')).file), names);
  // Neither writes into the folder of the package.
  assert.deepEqual((await readdir(join(root, 'clients/node'))).sort(), ['README.md', 'package.json', 'src', 'tsconfig.json', 'types']);
});

test('importing the package connects to nothing', async () => {
  const script = "await import('redis-assess'); console.log(process.getActiveResourcesInfo().filter((one) => /TCP|Timeout/.test(one)).length)";
  assert.equal((await run(process.execPath, ['--input-type=module', '-e', script])).trim(), '0');
});
