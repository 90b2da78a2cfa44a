import { afterAll, expect, test } from '@jest/globals';
import { type APIMessage, Client, Message, MessageType } from 'discord.js';
import { isWebhook, isWritten } from '../../bot/inbound/incoming.ts';

const client = new Client({ intents: [] });
client.application = { id: '1' } as never;
afterAll(() => client.destroy());

const types = Object.values(MessageType).filter((type) => typeof type === 'number');
const ofBots = [undefined, false, true];
const webhooks = [undefined, '5'];
const ordinary: readonly MessageType[] = [MessageType.Default, MessageType.Reply];
const applications = [undefined, null, '1', '2'];

test('a message as Discord lists it is taken for a person’s or a webhook’s as what discord.js makes of it is', () => {
  const seen = { others: 0, own: 0 };
  for (const type of types)
    for (const bot of ofBots)
      for (const webhook_id of webhooks)
        for (const application_id of applications) {
          const author = {
            id: `${bot} ${webhook_id}`,
            username: 'u',
            ...(bot !== undefined && { bot }),
          };
          const raw = {
            ...{
              id: '9',
              channel_id: '3',
              content: 'x',
              timestamp: '2026-01-01T00:00:00Z',
              type,
              author,
            },
            ...(webhook_id && { webhook_id }),
            ...(application_id !== undefined && { application_id }),
          } as unknown as APIMessage;
          const message = Reflect.construct(Message, [client, raw]) as Message;
          // By what discord.js alone says of it.
          const { webhookId, applicationId, system } = message;
          const isWords = !message.author.bot && !webhookId && !system && ordinary.includes(type);
          const isHook = Boolean(webhookId) && type === MessageType.Default;
          const expected = isWords || (isHook && applicationId !== '1');
          for (const one of [message, raw]) {
            const is = isWritten(one) || isWebhook({ client }, one);
            expect({ raw, is }).toEqual({ raw, is: expected });
          }
          seen[expected ? 'others' : 'own']++;
        }
  expect(seen.others).toBeGreaterThan(5);
  expect(seen.own).toBeGreaterThan(100);
});
