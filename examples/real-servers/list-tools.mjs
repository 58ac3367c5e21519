// A client as an editor is one, made with the official SDK: opens a session, lists the tools, closes it.
//
//   node list-tools.mjs URL [http|sse] [BEARER]
//
// Prints one line of JSON: {"server":"NAME VERSION","protocol":"...","tools":[...]}; on failure
// {"error":"..."} and exit 1. Without a second argument, a URL whose path ends in /sse means sse.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const LIMIT_MS = 30_000;

function finish(result, code) {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(code));
}

function reason(error) {
  const cause = error?.cause?.code ?? error?.cause?.message;
  return cause ? `${error.message}: ${cause}` : String(error?.message ?? error);
}

async function listTools(address, kind, bearer) {
  const url = new URL(address);
  const sse = kind ? kind === 'sse' : url.pathname.endsWith('/sse');
  const options = bearer ? { requestInit: { headers: { Authorization: `Bearer ${bearer}` } } } : {};
  const transport = sse ? new SSEClientTransport(url, options) : new StreamableHTTPClientTransport(url, options);
  // The SDK hides the agreed protocol version of an SSE session; both transports are told of it here.
  let protocol = null;
  const setProtocolVersion = transport.setProtocolVersion.bind(transport);
  transport.setProtocolVersion = (version) => {
    protocol = version;
    setProtocolVersion(version);
  };

  const client = new Client({ name: 'berth-example', version: '1.0.0' });
  await client.connect(transport);
  try {
    const tools = [];
    let cursor;
    do {
      const page = await client.listTools(cursor ? { cursor } : {});
      tools.push(...page.tools.map((tool) => tool.name));
      cursor = page.nextCursor;
    } while (cursor);
    const { name, version } = client.getServerVersion();
    return { server: `${name} ${version}`, protocol, tools };
  } finally {
    // close() alone leaves the session behind in the server; a server may refuse the DELETE (404, 405).
    if (!sse) await transport.terminateSession().catch(() => {});
    await client.close();
  }
}

const [address, kind, bearer] = process.argv.slice(2);
if (!address || (kind && kind !== 'http' && kind !== 'sse')) {
  process.stderr.write('usage: node list-tools.mjs URL [http|sse] [BEARER]\n');
  process.exit(2);
}
setTimeout(() => finish({ error: `no answer within ${LIMIT_MS / 1000} s` }, 1), LIMIT_MS).unref();
listTools(address, kind, bearer).then(
  (result) => finish(result, 0),
  (error) => finish({ error: reason(error) }, 1),
);
