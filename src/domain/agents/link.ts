import { createHash, randomInt } from 'node:crypto';
import type { AppContext } from '../../context.ts';
import { type LinkCodeView, linkCode } from '../../contract/agents.ts';
import type { SupportRole } from '../../contract/tickets.ts';
import { AppError, notFound } from '../../errors.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { countRequest } from '../access/rate.ts';
import { native } from '../log/collections.ts';
import { bumpSetting } from '../settings.ts';
import { inTransaction } from '../transactions.ts';
import { type Agent, toAgent } from './agent.ts';
import { identitiesSetting } from './identities.ts';
import { writeSeen } from './seen-agents.ts';

/** Digits and letters that nobody mistakes for one another: 32, so that a code has 40 bits. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const hashOf = (code: string) => createHash('sha256').update(code).digest('base64url');

const makeCode = () =>
  Array.from({ length: linkCode.length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** As it was meant: in capitals, without what it was grouped by. */
const readCode = (typed: string) =>
  typed.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');

function linkedAlready(): AppError {
  return new AppError('CONFLICT', 'you are joined with an identity in Discord already');
}

function noSuchCode(): AppError {
  const why =
    'this code is wrong, used or out of date: it holds for ten minutes, once; ask for a new one';
  return new AppError('NOT_FOUND', why);
}

/**
 * A code with which somebody says in Discord who they are. One at a time, once, for ten minutes; its text is
 * stored nowhere.
 * @throws AppError CONFLICT where they are joined already
 */
export async function createLinkCode(ctx: AppContext, actor: Actor): Promise<LinkCodeView> {
  requireRight(ctx.config, actor, 'see_agents', undefined);
  const { _id, discord } = await writeSeen(ctx, actor);
  if (discord) throw linkedAlready();
  const code = makeCode();
  const expires_at = ctx.clock() + linkCode.life;
  await native(ctx.db.linkCodes).updateOne(
    { _id },
    { $set: { hash: hashOf(code), expires: new Date(expires_at) } },
    { upsert: true },
  );
  return { code, expires_at };
}

/**
 * Joins who acts in Discord with who has asked for the code: one person from now on. What is assigned to
 * either stays theirs.
 * @throws AppError NOT_FOUND (no such code, or no longer), CONFLICT (joined already), RATELIMIT
 */
export async function redeemLinkCode(
  ctx: AppContext,
  actor: Actor,
  typed: string,
  skills: readonly SupportRole[],
): Promise<Agent> {
  await countRequest(ctx, 'link', actor.key);
  const own = await writeSeen(ctx, actor, skills);
  if (own.web) throw linkedAlready();
  const hash = hashOf(readCode(typed));
  const person = await inTransaction(ctx, identitiesSetting, async (session) => {
    await bumpSetting(ctx, identitiesSetting, session);
    const agents = native(ctx.db.agents);
    const found = await native(ctx.db.linkCodes).findOneAndDelete(
      { hash, expires: { $gt: new Date(ctx.clock()) } },
      { session },
    );
    if (!found) throw noSuchCode();
    const gone = await agents.findOneAndDelete(
      { _id: own._id, web: { $exists: false } },
      { session },
    );
    if (!gone?.discord) throw linkedAlready();
    const joined = await agents.findOneAndUpdate(
      { _id: found._id, discord: { $exists: false } },
      {
        $set: {
          discord: gone.discord,
          discord_seen_at: gone.discord_seen_at,
          ...(gone.on_call && { on_call: true }),
        },
      },
      { session, returnDocument: 'after' },
    );
    if (!joined) throw linkedAlready();
    return toAgent(joined);
  });
  await ctx.desk.identities.changed();
  return person;
}

/** Parts the two again: who acts in Discord is somebody of their own from then on. @throws NOT_FOUND */
export async function removeLink(ctx: AppContext, actor: Actor): Promise<void> {
  requireRight(ctx.config, actor, 'see_agents', undefined);
  await inTransaction(ctx, identitiesSetting, async (session) => {
    await bumpSetting(ctx, identitiesSetting, session);
    const row = await native(ctx.db.agents).findOneAndUpdate(
      { 'web.key': actor.key, discord: { $exists: true } },
      { $unset: { discord: 1 }, $set: { discord_seen_at: null } },
      { session },
    );
    if (!row) throw notFound('identity in Discord');
  });
  await ctx.desk.identities.changed();
}
