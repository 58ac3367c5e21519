// The smallest server made with the official SDK, version 2: it speaks both eras of the protocol.
//
//   PORT=N node sdk-v2.mjs
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'sdk-v2-app', version: '2.3.4' });
  const one = { description: 'Says it again', inputSchema: z.object({ text: z.string() }) };
  server.registerTool('echo', one, async ({ text }) => ({ content: [{ type: 'text', text }] }));
  server.registerTool('shout', one, async ({ text }) => ({ content: [{ type: 'text', text: text.toUpperCase() }] }));
  return server;
});
const node = toNodeHandler(handler);
createServer((request, response) => {
  if (request.url === '/mcp') return node(request, response);
  response.writeHead(404).end();
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
