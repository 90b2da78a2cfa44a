import { createHash } from 'node:crypto';
import {
  type APIChannel,
  type APIGuildCategoryChannel,
  type APIRole,
  type APITextChannel,
  ChannelType,
  PermissionFlagsBits as P,
  Routes,
} from 'discord.js';
import { type SupportRole, supportRoles } from '../../src/contract/tickets.ts';
import type { GuildIds } from '../../src/domain/guild-ids.ts';
import { AppError } from '../../src/errors.ts';
import type { Bridge } from '../bridge.ts';
import { type GuildPart, guildParts, roleParts } from '../guilds/guild-parts.ts';
import { listGuildChannels } from '../outbound/places/categories.ts';
import { idOf, isFromEnvironment, whyNotStaff } from '../settings.ts';

/** Roles of the server that somebody has chosen for the staff's. */
export type Chosen = Partial<Record<SupportRole, string>>;

/** What `/setup` does about one part. `keep` and `wrong` change nothing. */
export type Step = { part: GuildPart } & (
  | { does: 'keep'; id: string; from: 'environment' | 'setup' }
  /** The environment names what is not there, and it wins. */
  | { does: 'wrong' }
  | { does: 'adopt'; id: string; why: 'chosen' | 'name' }
  /** `open`: one of that name is there, and everybody reads it. */
  | { does: 'create'; beside?: 'open' }
);

/** The server as it is now, asked of Discord and not of the cache. */
interface Server {
  guildId: string;
  roles: APIRole[];
  channels: APIChannel[];
}

async function readServer(bridge: Bridge): Promise<Server> {
  const { guildId } = bridge.settings;
  const [roles, channels] = await Promise.all([
    bridge.rest.get(Routes.guildRoles(guildId)) as Promise<APIRole[]>,
    listGuildChannels(bridge),
  ]);
  return { guildId, roles, channels };
}

type Place = APIGuildCategoryChannel | APITextChannel;

/** What can be a part, oldest first. */
function candidates(server: Server, part: GuildPart): (APIRole | Place)[] {
  const oldestFirst = (a: { id: string }, b: { id: string }) =>
    BigInt(a.id) < BigInt(b.id) ? -1 : 1;
  if (part.kind === 'role') {
    return server.roles
      .filter(({ id, managed }) => id !== server.guildId && !managed)
      .sort(oldestFirst);
  }
  const type = part.kind === 'category' ? ChannelType.GuildCategory : ChannelType.GuildText;
  return server.channels
    .filter((channel): channel is Place => channel.type === type)
    .sort(oldestFirst);
}

/** Not one that everybody reads: transcripts say what only the staff are to know. */
function isPrivate({ guildId }: Server, place: Place): boolean {
  const everyone = place.permission_overwrites?.find(({ id }) => id === guildId);
  return (BigInt(everyone?.deny ?? 0) & P.ViewChannel) !== 0n;
}

/** What has the part's name, in any case; where several have, the one that has it to the letter. */
function findByName(server: Server, part: GuildPart, taken: ReadonlySet<string>) {
  const wanted = part.name.toLowerCase();
  const named = candidates(server, part).filter(
    ({ id, name }) => !taken.has(id) && name?.toLowerCase() === wanted,
  );
  const fit =
    part.kind === 'transcripts' ? named.filter((one) => isPrivate(server, one as Place)) : named;
  const found = fit.find(({ name }) => name === part.name) ?? fit[0];
  return { found, isOpen: !found && named.length > 0 };
}

interface Known {
  stored: GuildIds;
  chosen: Chosen;
  taken: ReadonlySet<string>;
}

function planPart(bridge: Bridge, server: Server, part: GuildPart, known: Known): Step {
  const isThere = (id: string | undefined) =>
    id !== undefined && candidates(server, part).some((one) => one.id === id);
  const named = idOf(bridge.discord, part);
  if (named) {
    return isThere(named)
      ? { part, does: 'keep', id: named, from: 'environment' }
      : { part, does: 'wrong' };
  }
  const chosen = part.kind === 'role' ? known.chosen[part.role] : undefined;
  const stored = known.stored[part.variable];
  if (chosen && chosen !== stored) return { part, does: 'adopt', id: chosen, why: 'chosen' };
  if (stored && isThere(stored)) return { part, does: 'keep', id: stored, from: 'setup' };
  const { found, isOpen } = findByName(server, part, known.taken);
  if (found) return { part, does: 'adopt', id: found.id, why: 'name' };
  return { part, does: 'create', ...(isOpen && { beside: 'open' }) };
}

/** What `/setup` would do now: the same whoever asks, and nothing where all is there. */
export async function makePlan(bridge: Bridge, chosen: Chosen): Promise<Step[]> {
  const [server, stored] = await Promise.all([readServer(bridge), bridge.ids?.get() ?? {}]);
  const named = guildParts.flatMap(
    (part) => idOf(bridge.discord, part) ?? stored[part.variable] ?? [],
  );
  const taken = new Set([...named, ...Object.values(chosen)]);
  return guildParts.map((part) => planPart(bridge, server, part, { stored, chosen, taken }));
}

/** True where a step changes nothing. */
export function isSettled({ does }: Step): boolean {
  return does === 'keep' || does === 'wrong';
}

/**
 * Looks at what somebody has chosen, before anything is done with it.
 * @throws AppError with what is wrong about it
 */
export function checkChosen(bridge: Bridge, chosen: Chosen): void {
  const refuse = (message: string) => {
    throw new AppError('BAD_REQUEST', message);
  };
  const guild = bridge.client.guilds.cache.get(bridge.settings.guildId);
  for (const part of roleParts) {
    const id = chosen[part.role];
    if (!id) continue;
    const why = whyNotStaff(bridge, id);
    if (why) refuse(`the role for ${part.role} ${why}, which is no role of the staff`);
    if (!guild?.roles.cache.has(id)) refuse(`the role for ${part.role} is not there any more`);
    if (isFromEnvironment(bridge, part) && idOf(bridge.discord, part) !== id) {
      refuse(`${part.variable} is set in the environment, which wins: change it there`);
    }
  }
}

/** Characters of a plan's fingerprint: as many as a `custom_id` has room for. */
const FINGERPRINT = 4;

/** Tells one plan from another: whatever a step does, and to which role or channel. */
export function fingerprintOf(steps: readonly Step[]): string {
  const parts = steps.map(({ part, ...what }) => [part.variable, what]);
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
  return hash.slice(0, FINGERPRINT);
}

/** The roles chosen and the plan that was shown for them, in a form that fits into a `custom_id`. */
export function packShown(chosen: Chosen, steps: readonly Step[]): string {
  const ids = supportRoles.map((role) => chosen[role] ?? '');
  return [...ids, fingerprintOf(steps)].join(':');
}

/** @param args what `packShown` has made, as it comes back; an older button has no fingerprint */
export function unpackShown(args: readonly string[]): { chosen: Chosen; fingerprint: string } {
  const pairs = supportRoles.flatMap((role, nth) => (args[nth] ? [[role, args[nth]]] : []));
  return { chosen: Object.fromEntries(pairs), fingerprint: args[supportRoles.length] ?? '' };
}
