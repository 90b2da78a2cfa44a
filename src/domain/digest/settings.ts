import type { AppContext } from '../../context.ts';
import type { DigestSettingsView } from '../../contract/digest.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { majority, native } from '../log/collections.ts';
import { reportZone } from '../reports/refresh.ts';
import { storeSetting } from '../settings.ts';
import { slotsAround } from './slots.ts';

const SETTING = 'digest';
/** Instead of a time: there is no digest. */
export const OFF = 'off';

type Deps = Pick<AppContext, 'db' | 'config'>;

/** When the digest is due, as `mon 09:00` or `off`: the stored time, or else the environment's. */
export async function digestTimeOf({ db, config }: Deps): Promise<{ at: string; stored: boolean }> {
  const row = await native(db.settings).findOne({ _id: SETTING }, { readConcern: majority });
  const stored = typeof row?.value === 'string' ? row.value : undefined;
  return { at: stored ?? config.weeklyDigest, stored: stored !== undefined };
}

async function viewOf(ctx: AppContext): Promise<DigestSettingsView> {
  const { at, stored } = await digestTimeOf(ctx);
  const zone = await reportZone(ctx);
  const next_at = at === OFF ? null : slotsAround(at, zone, ctx.clock.now()).next.at;
  return { at, is_default: !stored, next_at };
}

/** @throws AppError FORBIDDEN */
export async function readDigestSettings(
  ctx: AppContext,
  actor: Actor,
): Promise<DigestSettingsView> {
  requireRight(ctx.config, actor, 'set_digest', undefined);
  return viewOf(ctx);
}

/**
 * @param at null for that of the environment
 * @throws AppError FORBIDDEN
 */
export async function setDigestTime(
  ctx: AppContext,
  actor: Actor,
  at: string | null,
): Promise<DigestSettingsView> {
  requireRight(ctx.config, actor, 'set_digest', undefined);
  await storeSetting(ctx, SETTING, at);
  return viewOf(ctx);
}
