import { expect, test } from '@jest/globals';
import { routeOf, routesThrough, ticketsIn } from '../../bot/guilds/guild-routing.ts';
import type { GuildRoute } from '../../src/variables/guild-routes.ts';

const all = ['1', '2', '3'];
const acme: GuildRoute = { by: 'partner', name: 'acme', guildIds: ['2'] };
const billing: GuildRoute = { by: 'category', name: 'BILLING', guildIds: ['3', '1'] };
const rest: GuildRoute = { by: 'any', name: '', guildIds: ['1', '3'] };
const of = (partner: string | null, category: string | null) => ({ partner, category });

test('the first rule that names a ticket counts; what none names goes to those of *, or to any', () => {
  const routes = [acme, billing];
  expect(routeOf({ routes }, all, of('acme', 'BILLING'))).toEqual(['2']);
  expect(routeOf({ routes: [billing, acme] }, all, of('acme', 'BILLING'))).toEqual(['3', '1']);
  expect(routeOf({ routes }, all, of('other', 'BILLING'))).toEqual(['3', '1']);
  expect(routeOf({ routes }, all, of(null, null))).toEqual(all);
  // Wherever it stands, it is for the rest.
  expect(routeOf({ routes: [rest, acme] }, all, of('acme', null))).toEqual(['2']);
  expect(routeOf({ routes: [rest, acme] }, all, of(null, null))).toEqual(['1', '3']);
});

test('a guild is reached by its rules, and without * by whatever no rule names', () => {
  expect(routesThrough({ routes: [acme, billing] }, all, '2')).toEqual([['2'], all]);
  expect(routesThrough({ routes: [acme, rest] }, all, '2')).toEqual([['2']]);
  expect(routesThrough({ routes: [] }, all, '1')).toEqual([all]);
});

test('rows that name no guild are of the first', () => {
  expect(ticketsIn({ moreGuildIds: [] }, '1')).toBeUndefined();
  expect(ticketsIn({ moreGuildIds: ['2', '3'] }, '1')).toEqual({ notIn: ['2', '3'] });
  expect(ticketsIn({ moreGuildIds: ['2', '3'] }, '3')).toEqual({ guildId: '3' });
});
