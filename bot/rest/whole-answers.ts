import { DefaultRestOptions, type RESTOptions } from 'discord.js';

/**
 * Makes a request and reads its answer to the end. The deadline of discord.js ends with the headers: a body
 * that stops coming after them would hold the call, and with it a ticket's slot, for minutes or for ever.
 *
 * The answer is an object of our own: a `Response` has a stream and a finalizer, and only a full collection
 * of garbage frees what a finalizer waits for. Each of those delays every message on its way.
 */
export const requestWhole: RESTOptions['makeRequest'] = async (url, init) => {
  const answer = await DefaultRestOptions.makeRequest(url, init);
  const { status, statusText, headers, ok } = answer;
  const bytes = await answer.arrayBuffer();
  const text = () => new TextDecoder().decode(bytes);
  return {
    status,
    statusText,
    headers,
    ok,
    body: null,
    bodyUsed: false,
    arrayBuffer: async () => bytes,
    text: async () => text(),
    json: async () => JSON.parse(text()),
  };
};
