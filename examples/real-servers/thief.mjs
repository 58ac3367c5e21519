// Takes a port away from a server at the worst moment: after Berth has found it free and has started
// the server, and before the server binds it.
//
//   node thief.mjs serve SOCKET             the thief: waits on a Unix socket to be told of a port
//   node thief.mjs take SOCKET PORT         tells it of one; returns once the thief has it
//   node thief.mjs config FILE NAME SOCKET FIRST LAST
//                                           prints a config with only the server NAME of FILE, with the
//                                           ports FIRST to LAST, that calls "take" before it starts
//
// The thief runs outside Berth, so it is no process of the server's, and it takes only the first port it
// hears of. It answers HTTP there with 200 to everything: a port that answers is not a server that works.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

function fail(message) {
  process.stderr.write(`thief: ${message}\n`);
  process.exit(1);
}

function serve(socket) {
  let taken = null;
  const shop = http.createServer((_request, response) => response.end('{"stolen":true}\n'));
  const ears = net.createServer((client) => {
    client.on('error', () => {});
    client.once('data', (data) => {
      const port = Number(data);
      if (taken !== null) return client.end('no, one is enough\n');
      taken = port;
      shop.once('error', (error) => {
        console.log(`failed ${port} ${error.code}`);
        client.end(`failed ${error.code}\n`);
      });
      // No host: both address families, so that nobody can listen on any address of this port.
      shop.listen(port, () => {
        console.log(`took ${port}`);
        client.end('took it\n');
      });
    });
  });
  ears.on('error', (error) => fail(error.message));
  ears.listen(socket, () => console.log('listening'));
}

function take(socket, port) {
  const client = net.connect(socket, () => client.write(`${port}\n`));
  let answer = '';
  client.setTimeout(10_000, () => fail(`no answer about port ${port}`));
  client.on('error', (error) => fail(error.message));
  client.on('data', (data) => (answer += data));
  client.on('close', () => (/^(took|no)/.test(answer) ? process.exit(0) : fail(`port ${port}: ${answer}`)));
}

function config(file, name, socket, first, last) {
  const block = readFileSync(file, 'utf8')
    .split(/^\[\[servers\]\]$/m)
    .slice(1)
    .find((text) => new RegExp(`^name = "${name}"$`, 'm').test(text));
  if (!block) fail(`no server named ${name} in ${file}`);

  // Enough TOML for the config of this folder: strings and lists of strings, as in JSON, with a last comma.
  const read = (pattern) => {
    const match = pattern.exec(block);
    return match ? JSON.parse(match[1].replace(/,\s*\]$/, ']')) : null;
  };
  const command = read(/^command = (".*")$/m);
  const args = read(/^args = (\[[^\]]*\])$/m) ?? [];
  const rest = block.replace(/^command = .*$/m, '').replace(/^args = \[[^\]]*\]$/m, '');

  const literal = (text) => text.replaceAll('$', '$$$$'); // Berth reads $$ as $
  const wrapped = [
    '-c', literal('node "$1" take "$2" "$3" && shift 3 && exec "$@"'),
    'sh', literal(fileURLToPath(import.meta.url)), literal(socket), '{port}',
    command, ...args,
  ];
  process.stdout.write(`[ports]
range = [${first}, ${last}]

[[servers]]
cwd = ${JSON.stringify(literal(path.dirname(path.resolve(file))))}
command = "sh"
args = ${JSON.stringify(wrapped)}
${rest}`);
}

const [word, ...rest] = process.argv.slice(2);
const words = { serve: [serve, 1], take: [take, 2], config: [config, 5] };
if (!Object.hasOwn(words, word) || rest.length !== words[word][1]) {
  fail('usage: thief.mjs serve SOCKET | take SOCKET PORT | config FILE NAME SOCKET FIRST LAST');
}
words[word][0](...rest);
