import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Urls } from './writer.ts';

export interface Balancer {
  readonly url: string;
  close(): void;
}

/** One address in front of all nodes that listen, each connection to the next of them. */
export async function startBalancer(nodes: Urls): Promise<Balancer> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    const urls = nodes.urls();
    const url = urls[turn++ % urls.length];
    if (!url) {
      client.destroy();
      return;
    }
    const node = connect(Number(new URL(url).port), '127.0.0.1');
    client.on('error', () => node.destroy()).pipe(node);
    node.on('error', () => client.destroy()).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      for (const client of open) client.destroy();
    },
  };
}
