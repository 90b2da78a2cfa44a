import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../src/config.ts';
import type { AppContext } from '../../src/context.ts';
import { fileView, isSignedLink } from '../../src/domain/links.ts';

const OLD = 'the-secret-before-it-of-32-bytes-or-so';
const NEW = 'the-secret-of-the-backend-32-bytes-long';
const LINKS = 'a-secret-for-links-of-32-bytes-or-more';
const file = { id: '0123456789abcdef01234567', name: 'a.png', type: 'image/png', size: 3 };

function contextOf(env: Record<string, string>, now = Date.now()): AppContext {
  const config = readConfig(env);
  return { config, clock: () => now, publicUrl: () => 'http://x' } as unknown as AppContext;
}

function linkOf(ctx: AppContext) {
  const { searchParams } = new URL(fileView(ctx, file).url);
  return { exp: Number(searchParams.get('exp')), sig: searchParams.get('sig') ?? '' };
}

const isGood = (ctx: AppContext, { exp, sig }: { exp: number; sig: string }, id = file.id) =>
  isSignedLink(ctx, id, exp, sig);

describe('a link to a file', () => {
  test('is good for an hour, for its file alone, with its own end alone', () => {
    const now = Date.now();
    const ctx = contextOf({ JWT_SECRET_KEY: NEW }, now);
    const link = linkOf(ctx);
    expect(link.exp).toBe(now + 3_600_000);
    expect(isGood(ctx, link)).toBe(true);
    expect(isGood(ctx, link, 'f'.repeat(24))).toBe(false);
    expect(isGood(ctx, { ...link, exp: link.exp + 1 })).toBe(false);
    expect(isGood(ctx, { ...link, sig: '' })).toBe(false);
    expect(isGood(contextOf({ JWT_SECRET_KEY: NEW }, link.exp), link)).toBe(false);
  });

  test('is not signed with the secret of the tokens', () => {
    const ctx = contextOf({ JWT_SECRET_KEY: NEW });
    const { exp } = linkOf(ctx);
    const sig = createHmac('sha256', NEW).update(`file:${file.id}:${exp}`).digest('base64url');
    expect(isGood(ctx, { exp, sig })).toBe(false);
    const own = contextOf({ JWT_SECRET_KEY: NEW, LINK_SECRET: NEW });
    expect(isGood(own, { exp, sig })).toBe(false);
  });

  test('stays good while the secret of the tokens is rotated, and ends with the former one', () => {
    const link = linkOf(contextOf({ JWT_SECRET_KEY: OLD }));
    const rotating = contextOf({ JWT_SECRET_KEY: NEW, JWT_SECRET_KEY_PREVIOUS: OLD });
    expect(isGood(rotating, link)).toBe(true);
    expect(isGood(contextOf({ JWT_SECRET_KEY: NEW }), link)).toBe(false);
    expect(isGood(contextOf({ JWT_SECRET_KEY: NEW }), linkOf(rotating))).toBe(true);
  });

  test('of a LINK_SECRET has nothing to do with the secret of the tokens', () => {
    const link = linkOf(contextOf({ JWT_SECRET_KEY: OLD, LINK_SECRET: LINKS }));
    expect(isGood(contextOf({ JWT_SECRET_KEY: NEW, LINK_SECRET: LINKS }), link)).toBe(true);
    expect(isGood(contextOf({ JWT_SECRET_KEY: OLD }), link)).toBe(false);
  });
});
