// What an independent client finds at a server: the official SDK, version 2, which speaks both eras of the protocol
// and finds out by itself which one it is.
//
//   node ask.mjs URL [http|sse] [BEARER] [only-hello]
//
// Prints one line of JSON: {"server":"NAME","version":"...","protocol":"...","era":"modern"|"legacy","tools":N}, or
// {"error":"..."} and exit 1. With only-hello the older handshake alone is done, with the SDK's version 1, in a single
// POST, and `tools` is null: for servers that answer no second one.
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const LIMIT_MS = 40_000;
const ME = { name: 'berth-example', version: '1.0.0' };

function finish(result, code) {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(code));
}

function reason(error) {
  const cause = error?.cause?.code ?? error?.cause?.message;
  return cause ? `${error.message}: ${cause}` : String(error?.message ?? error);
}

async function ask(url, kind, options) {
  const sse = kind === 'sse';
  const transport = sse ? new SSEClientTransport(url, options) : new StreamableHTTPClientTransport(url, options);
  // The older transport is of the older era by definition, and a server of it may never answer a foreign question.
  const client = new Client(ME, { versionNegotiation: { mode: sse ? 'legacy' : 'auto' } });
  await client.connect(transport);
  try {
    const { name, version } = client.getServerVersion() ?? {};
    let tools = 0;
    let cursor;
    do {
      const page = await client.listTools(cursor ? { cursor } : {});
      tools += page.tools.length;
      cursor = page.nextCursor;
    } while (cursor);
    return {
      server: name ?? null,
      version: version ?? null,
      protocol: client.getNegotiatedProtocolVersion() ?? null,
      era: client.getProtocolEra() ?? 'legacy',
      tools,
    };
  } finally {
    // close() alone leaves the session behind in the server; a server may refuse the DELETE (404, 405).
    if (!sse) await transport.terminateSession().catch(() => {});
    await client.close();
  }
}

async function hello(url, options) {
  const transport = new OldTransport(url, options);
  let protocol = null;
  transport.setProtocolVersion = (version) => (protocol = version);
  const client = new OldClient(ME);
  // The answer to the first POST is what counts; the notification after it may already be refused.
  const answered = new Promise((resolve, reject) => {
    client.connect(transport).then(resolve, (error) => (client.getServerVersion() ? resolve() : reject(error)));
  });
  await answered;
  const { name, version } = client.getServerVersion();
  return { server: name, version, protocol, era: 'legacy', tools: null };
}

const [address, kind, bearer, only] = process.argv.slice(2);
if (!address) {
  process.stderr.write('usage: node ask.mjs URL [http|sse] [BEARER] [only-hello]\n');
  process.exit(2);
}
const options = bearer ? { requestInit: { headers: { Authorization: `Bearer ${bearer}` } } } : {};
setTimeout(() => finish({ error: `no answer within ${LIMIT_MS / 1000} s` }, 1), LIMIT_MS).unref();
(only ? hello(new URL(address), options) : ask(new URL(address), kind, options)).then(
  (result) => finish(result, 0),
  (error) => finish({ error: reason(error) }, 1),
);
