import { DefaultRestOptions, type RESTOptions } from 'discord.js';

/** Statuses whose answers have no body (RFC 9110). */
const bodiless = [204, 205, 304];

/**
 * Makes a request and reads its answer to the end. The deadline of discord.js ends with the headers: a body
 * that stops coming after them would hold the call, and with it a ticket's slot, for minutes or for ever.
 */
export const requestWhole: RESTOptions['makeRequest'] = async (url, init) => {
  const { status, statusText, headers, ...answer } = await DefaultRestOptions.makeRequest(
    url,
    init,
  );
  const bytes = await answer.arrayBuffer();
  const body = bodiless.includes(status) ? null : bytes;
  return new Response(body, { status, statusText, headers: [...headers] as [string, string][] });
};
