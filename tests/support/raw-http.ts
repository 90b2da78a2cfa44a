import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

/** The first answer in what a server sent; a body of `Content-Length` bytes. */
export function parseAnswer(received: string): RawAnswer {
  const end = received.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = received.slice(0, end < 0 ? undefined : end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const status = Number(statusLine.split(' ')[1]);
  return { status, headers, text: end < 0 ? '' : received.slice(end + 4) };
}

/**
 * Sends bytes as they are, which no HTTP client would, and reads until the server closes or has
 * answered and then been silent for a moment.
 */
export function sendRaw(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname);
    const done = () => {
      socket.destroy();
      if (received === '') reject(new Error('closed without an answer'));
      else resolve(parseAnswer(received));
    };
    socket.setTimeout(5000, done);
    socket.on('data', (data) => {
      received += data.toString();
      socket.setTimeout(150, done);
    });
    socket.on('error', (error) => (received === '' ? reject(error) : done()));
    socket.on('close', done);
    socket.write(bytes);
  });
}
