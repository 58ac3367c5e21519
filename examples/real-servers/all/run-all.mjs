// The work of run-all.sh: node run-all.mjs SCRATCH MARK [--group N] [--no-thief] [--markdown] [NAME...]
import { execFile, spawn } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const thiefProgram = path.join(here, '..', 'thief.mjs');
const special = JSON.parse(readFileSync(path.join(here, 'servers.json'), 'utf8'));
const READY_LIMIT = 120; // seconds

const words = process.argv.slice(2);
const take = (flag) => words.includes(flag) && words.splice(words.indexOf(flag), 1).length > 0;
const scratch = words.shift();
const mark = words.shift();
const markdown = take('--markdown');
const only3000 = take('--only-port-3000');
const withThief = !take('--no-thief');
const groupAt = words.indexOf('--group');
const group = groupAt < 0 ? 3 : Number(words.splice(groupAt, 2)[1]);

// ---------------------------------------------------------------- programs

// Runs a program to its end: { code, out, err }; code 124 when it took longer.
function run(program, args, seconds, options = {}) {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: here, timeout: seconds * 1000, maxBuffer: 1 << 26, ...options }, (error, out, err) => {
      const code = error ? (error.killed ? 124 : typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ code, out, err });
    });
  });
}

class Project {
  constructor(name, config) {
    this.name = `${mark}-${name}`;
    this.config = config;
  }
  do(seconds, command, ...args) {
    return run(process.env.BERTH, [command, '-c', this.config, '-p', this.name, '--runtime-dir', `${scratch}/run`,
      '--log-dir', `${scratch}/log/${this.name}`, '--color', 'never', ...args], seconds);
  }
  up(names, limit = READY_LIMIT) {
    return this.do(limit + 20, 'up', '-d', '--wait', '--timeout', `${limit}s`, ...names);
  }
  // The status document, straight from the socket: it may be asked often.
  status() {
    return new Promise((resolve) => {
      const request = http.get({ socketPath: `${scratch}/run/${this.name}.sock`, path: '/v1/status' }, (answer) => {
        let text = '';
        answer.on('data', (part) => (text += part));
        answer.on('end', () => resolve(JSON.parse(text)));
      });
      request.on('error', () => resolve(null));
    });
  }
  async server(name) {
    return (await this.status())?.servers.find((one) => one.name === name) ?? null;
  }
  // Ends it; returns what is wrong after that, or ''.
  async down() {
    const pid = (await this.status())?.pid;
    const { code, err } = await this.do(70, 'down', '--timeout', '60s');
    const wrong = code === 0 ? [] : [`berth down ended with ${code}: ${err.trim()}`];
    const left = leftovers(this.name);
    if (left.length > 0) wrong.push(`processes are left: ${left.join(' ')}`);
    if (pid && isAlive(pid)) wrong.push(`the supervisor (pid ${pid}) is alive`);
    return wrong.join('; ');
  }
  log(name) {
    try {
      return readFileSync(`${scratch}/log/${this.name}/${name}.log`, 'utf8').trim().split('\n').slice(-12).join('\n');
    } catch {
      return '(no log)';
    }
  }
}

function isAlive(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

// Pids of processes that bear the project's name in their environment.
function leftovers(project) {
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`BERTH_PROJECT=${project}`)) found.push(pid);
    } catch {
      // gone, or another user's
    }
  }
  return found;
}

// ---------------------------------------------------------------- what is found

const rows = new Map(); // name -> { name, era, protocol, version, tools, ready, client, inspect, thief, notes }
let failures = 0;

function row(name) {
  if (!rows.has(name)) rows.set(name, { name, failed: false, notes: [] });
  return rows.get(name);
}

function fail(name, what, evidence = '') {
  failures++;
  row(name).failed = true;
  row(name).notes.push(what);
  console.log(`FAILED: ${name}: ${what}${evidence ? `\n${evidence.replace(/^/gm, '    ')}` : ''}`);
}

async function ask(name, url) {
  const { transport = 'http', bearer = '', one_post: onePost } = special[name] ?? {};
  const { out, err } = await run('node', ['ask.mjs', url, transport, bearer, ...(onePost ? ['only-hello'] : [])], 60);
  try {
    return JSON.parse(out);
  } catch {
    return { error: `no answer: ${err.slice(0, 200)}` };
  }
}

// One shape for what `berth inspect --json` and `mcp` of `status --json` tell of a server: the one has its own name in
// `name` (`server` is what the configuration calls it) and lists its tools, the other has it in `server` and counts them.
function told({ name, server, version, protocol, era, tools }) {
  return { server: name ?? server, version, protocol, era, tools: Array.isArray(tools) ? tools.length : tools };
}

function differences(truth, said, keys) {
  return keys.filter((key) => truth[key] !== said[key])
    .map((key) => `${key}: the client finds ${JSON.stringify(truth[key])}, Berth says ${JSON.stringify(said[key])}`)
    .join('; ');
}

// Waits until a server has no more processes than it had before anybody asked it; '' or what is wrong.
async function settled(project, name, processes) {
  let now;
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 200))) {
    now = (await project.server(name))?.processes;
    if (now <= processes) return '';
  }
  return `${now} processes, and it had ${processes} before it was asked`;
}

async function inspect(project, name, truth, processes) {
  const { bearer, one_post: onePost } = special[name] ?? {};
  if (onePost) {
    // The client's question was its last one.
    const { code, err } = await project.do(90, 'restart', '--wait', name);
    if (code !== 0) return fail(name, `berth restart ended with ${code}: ${err.trim()}`);
  }
  const { code, out, err } = await project.do(60, 'inspect', name, '--json');
  if (bearer) {
    // Nobody gave Berth the token: it must say so, and take it for a sign of life.
    if (!/401|403/.test(out + err)) fail(name, `inspect without the token ended with ${code}: ${out}${err}`);
    else row(name).inspect = '401';
    return;
  }
  if (onePost) {
    // The question of the newer era was its only one: the older one cannot be asked any more.
    row(name).inspect = code === 0 ? 'ok' : `no (${code})`;
    return;
  }
  let document;
  try {
    document = JSON.parse(out);
  } catch {
    return fail(name, `berth inspect ended with ${code} and no document: ${(out + err).trim().slice(0, 300)}`);
  }
  const wrong = differences(truth, told(document), ['server', 'version', 'era', 'tools']);
  if (wrong) return fail(name, `inspect: ${wrong}`, out);
  const kept = (await project.server(name))?.mcp;
  const keptWrong = kept ? differences(truth, told(kept), ['server', 'version', 'tools']) : 'mcp is null';
  if (keptWrong) return fail(name, `status after inspect: ${keptWrong}`);
  const left = await settled(project, name, processes);
  if (left) return fail(name, `left by inspect: ${left}`);
  row(name).inspect = 'ok';
}

// ---------------------------------------------------------------- 1. up, client, inspect

async function check(project, name, canInspect) {
  const state = await project.server(name);
  if (!state?.ready) {
    return fail(name, `not ready: ${state?.state} ${state?.reason} ${state?.detail}`, project.log(name));
  }
  row(name).ready = `${state.time_to_ready_s.toFixed(1)} s`;
  const { code, out } = await project.do(10, 'url', name);
  const url = out.trim();
  if (code !== 0 || !url) return fail(name, `berth url ended with ${code}`);
  const truth = await ask(name, url);
  if (truth.error) return fail(name, `the client at ${url}: ${truth.error}`, project.log(name));
  if (truth.tools === 0) return fail(name, `the client at ${url} finds no tools`);
  Object.assign(row(name), { ...truth, client: 'ok' });
  // The client's own leavings are not to be laid at Berth's door.
  const left = await settled(project, name, state.processes);
  if (left) row(name).notes.push(`left by the client: ${left}`);
  if (canInspect) await inspect(project, name, truth, left ? Infinity : state.processes);
  const after = await project.server(name);
  if (after?.restarts !== 0) fail(name, `restarted by itself: ${JSON.stringify(after?.last_exit)}`, project.log(name));
}

async function upPhase(names, canInspect) {
  for (let at = 0; at < names.length; at += group) {
    const some = names.slice(at, at + group);
    console.log(`Starting ${some.join(' ')}`);
    const project = new Project(`up${at}`, path.join(here, 'berth.toml'));
    const { code, out, err } = await project.up(some);
    if (code !== 0) console.log(`berth up ended with ${code}: ${(out + err).trim()}`);
    await Promise.all(some.map((name) => check(project, name, canInspect)));
    const wrong = await project.down();
    if (wrong) fail(some[0], `after ${some.join(', ')}: ${wrong}`);
  }
}

// ---------------------------------------------------------------- 2. thief

// FIRST and LAST of `count` neighbouring ports that nobody has, below those that the kernel gives away.
async function freePorts(count) {
  const { out } = await run('node', [path.join(here, '..', 'free-ports.mjs'), String(count)], 30);
  return out.trim().split(' ');
}

function startThief(name) {
  const socket = `${scratch}/thief-${name}.sock`;
  const child = spawn('node', [thiefProgram, 'serve', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const thief = { child, socket, words: '', stolen: () => Number(/^took (\d+)$/m.exec(thief.words)?.[1] ?? 0) };
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('the thief ended')));
    child.stdout.on('data', (data) => {
      thief.words += data;
      if (thief.words.includes('listening')) resolve(thief);
    });
  });
}

async function rob(name) {
  const thief = await startThief(name);
  const [first, last] = await freePorts(5);
  const made = await run('node', [thiefProgram, 'config', path.join(here, 'berth.toml'), name, thief.socket, first, last], 30);
  const config = `${scratch}/${name}.toml`;
  writeFileSync(config, made.out);
  const project = new Project(`t-${name}`, config);
  let fooled = '';
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const state = await project.server(name);
      if (state?.ready && state.port === thief.stolen()) fooled = `was ready on port ${state.port}, which the thief has`;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const { code, out, err } = await project.up([name]);
  watching = false;
  await watch;
  const state = await project.server(name);
  const status = await project.status();
  const stolen = thief.stolen();
  const holder = status?.ports.dead.find((dead) => dead.port === stolen)?.holder ?? '';
  const problem = () => {
    if (!stolen) return `the thief took nothing: ${thief.words}`;
    if (fooled) return fooled;
    if (code !== 0) return `berth up ended with ${code}: ${(out + err).trim()}`;
    if (!state?.ready || state.port === stolen) return `not ready elsewhere: ${state?.state} on ${state?.port}`;
    if (state.port_conflicts !== 1 || state.restarts !== 0) {
      return `expected 1 conflict and 0 restarts: ${state.port_conflicts}, ${state.restarts}`;
    }
    if (!holder.endsWith(`(pid ${thief.child.pid})`)) return `the thief is pid ${thief.child.pid}; Berth says "${holder}"`;
    return '';
  };
  let wrong = problem();
  if (!wrong) {
    const url = (await project.do(10, 'url', name)).out.trim();
    const found = await ask(name, url);
    const before = rows.get(name);
    if (found.error) wrong = `the client at ${url}: ${found.error}`;
    else if (before?.server && differences(before, found, ['server', 'version', 'tools'])) {
      wrong = `another server at ${url}: ${JSON.stringify(found)}`;
    }
  }
  if (wrong) fail(name, `with a thief on its port: ${wrong}`, project.log(name));
  else row(name).thief = `${stolen} -> ${state.port}`;
  const left = await project.down();
  if (left) fail(name, `after the thief: ${left}`);
  thief.child.removeAllListeners('exit');
  thief.child.kill();
}

async function thiefPhase(names) {
  const waiting = [...names];
  const worker = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      console.log(`Stealing the port of ${name}`);
      await rob(name);
    }
  };
  await Promise.all([worker(), worker()]);
}

// ---------------------------------------------------------------- 3. those that know no port but 3000

const isFree = (port) =>
  new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });

async function port3000Phase() {
  const lines = [];
  for (const example of ['simpleStatelessStreamableHttp', 'jsonResponseStreamableHttp']) {
    if (!(await isFree(3000))) return ['port 3000 is in use here: the servers that know no other were left out'];
    process.env.EXAMPLE = example; // for port-3000.toml
    const project = new Project(`p-${example.slice(0, 6)}`, path.join(here, 'port-3000.toml'));
    console.log(`Starting ${example}, which should be told of as wrong_port`);
    const { code, out, err } = await project.up(['port-auto'], 60);
    const state = await project.server('port-auto');
    if (code !== 1 || state?.state !== 'failed' || state.reason !== 'wrong_port' || !/\b3000\b/.test(state.detail)) {
      const seen = state ? `${state.state}, ${state.reason}: ${state.detail}` : (out + err).trim();
      fail(example, `up ended with ${code}; ${seen}`, project.log('port-auto'));
    } else {
      lines.push(`${example}: failed, wrong_port: ${state.detail}`);
    }
    await project.do(90, 'start', '--wait', 'port-3000');
    const there = await project.server('port-3000');
    const url = (await project.do(10, 'url', 'port-3000')).out.trim();
    const found = there?.ready ? await ask('port-3000', url) : { error: 'not ready with port = 3000' };
    if (found.error) fail(example, found.error, project.log('port-3000'));
    else {
      const seconds = there.time_to_ready_s.toFixed(1);
      lines.push(`${example} with port = 3000: ready in ${seconds} s, ${found.server} ${found.version}, ${found.tools} tools`);
    }
    const wrong = await project.down();
    if (wrong) fail(example, wrong);
  }
  return lines;
}

// ---------------------------------------------------------------- all of it

function table() {
  const columns = ['name', 'era', 'protocol', 'server', 'version', 'tools', 'ready', 'client', 'inspect', 'thief'];
  const cells = [[...columns, 'result']];
  for (const one of rows.values()) {
    const result = [one.failed ? 'FAILED' : 'ok', ...one.notes].join(': ');
    cells.push([...columns.map((column) => String(one[column] ?? '-')), result]);
  }
  if (markdown) {
    const line = (row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    return [line(cells[0]), line(cells[0].map(() => '---')), ...cells.slice(1).map(line)].join('\n');
  }
  const width = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => row.map((cell, at) => (at < columns.length ? cell.padEnd(width[at]) : cell)).join('  ')).join('\n');
}

const known = [...readFileSync(path.join(here, 'berth.toml'), 'utf8').matchAll(/^name = "(.*)"$/gm)].slice(1).map((m) => m[1]);
const unknown = words.filter((name) => !known.includes(name));
if (unknown.length > 0 || !(group > 0)) {
  console.error(unknown.length > 0 ? `run-all: no server ${unknown.join(', ')}; there are: ${known.join(' ')}` : 'run-all: --group N');
  process.exit(2);
}
const names = only3000 ? [] : words.length > 0 ? words : known;
const help = await run(process.env.BERTH, ['--help'], 10);
const canInspect = /^\s+inspect\b/m.test(help.out + help.err);
const started = Date.now();
await upPhase(names, canInspect);
if (withThief) await thiefPhase(names);
const apart = words.length > 0 && !only3000 ? [] : await port3000Phase();

if (rows.size > 0) console.log(`\n${table()}\n`);
if (apart.length > 0) console.log(`${apart.join('\n')}\n`);
if (!canInspect) console.log('This berth has no `inspect`; that column says nothing.');
const seconds = Math.round((Date.now() - started) / 1000);
const all = [...rows.values()];
console.log(`${all.filter((one) => !one.failed).length} of ${all.length} passed, ${failures} failures, ${seconds} s.`);
process.exit(failures > 0 ? 1 : 0);
