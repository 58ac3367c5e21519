// The smallest server made with fastmcp: PORT=N node fastmcp.mjs
import { FastMCP } from 'fastmcp';
import { z } from 'zod';

const server = new FastMCP({ name: 'fastmcp-app', version: '1.2.3' });
server.addTool({
  name: 'add',
  description: 'Adds two numbers',
  parameters: z.object({ a: z.number(), b: z.number() }),
  execute: async ({ a, b }) => String(a + b),
});
await server.start({ transportType: 'httpStream', httpStream: { port: Number(process.env.PORT) } });
