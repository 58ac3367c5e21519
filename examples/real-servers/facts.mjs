// Reads `berth status --json` on standard input.
//
//   facts.mjs names              the servers' names, one per line
//   facts.mjs supervisor         the supervisor's pid
//   facts.mjs NAME FIELD...      fields of one server, separated by spaces; "-" for null
//                                (dead:PORT is the holder noted for that dead port)
import { readFileSync } from 'node:fs';

const [name, ...fields] = process.argv.slice(2);
const status = JSON.parse(readFileSync(0, 'utf8'));
if (name === 'names') {
  console.log(status.servers.map((server) => server.name).join('\n'));
} else if (name === 'supervisor') {
  console.log(status.pid);
} else {
  const server = status.servers.find((one) => one.name === name);
  if (!server) throw new Error(`no server ${name} in the status`);
  const value = (field) => {
    if (!field.startsWith('dead:')) return server[field];
    return status.ports.dead.find((dead) => dead.port === Number(field.slice(5)))?.holder;
  };
  console.log(fields.map((field) => value(field) ?? '-').join(' '));
}
