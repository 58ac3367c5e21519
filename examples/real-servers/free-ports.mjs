// Prints FIRST and LAST of N neighbouring ports that nobody has: free-ports.mjs N
// Below 32768, so that the kernel gives none of them to an outgoing connection.
import net from 'node:net';

const count = Number(process.argv[2] ?? 1);
const isFree = (port) =>
  new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });

for (let attempt = 0; attempt < 100; attempt++) {
  const first = 20_000 + Math.floor(Math.random() * 10_000);
  let last = first;
  while (last < first + count && (await isFree(last))) last++;
  if (last === first + count) {
    console.log(first, last - 1);
    process.exit(0);
  }
}
console.error(`no ${count} free ports in a row found`);
process.exit(1);
