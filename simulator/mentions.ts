import type { Channel } from './entities.ts';
import { P } from './permissions.ts';
import type { AllowedMentions } from './validation/messages.ts';
import type { World } from './world.ts';

export interface Mentions {
  mentions: string[];
  mention_roles: string[];
  mention_everyone: boolean;
}

/**
 * Who a message really pings: what its text names (outside code), narrowed by `allowed_mentions`, and by
 * whether the author may ping roles and everyone.
 */
export function resolveMentions(
  world: World,
  content: string,
  allowed: AllowedMentions | null | undefined,
  mayPingAll: boolean,
): Mentions {
  const text = content.replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
  const users = unique(text, /<@!?(\d{17,20})>/g).filter((id) => world.users.has(id));
  const roles = unique(text, /<@&(\d{17,20})>/g).filter((id) => {
    const role = world.roles.get(id);
    return role !== undefined && id !== world.guild.id && (role.mentionable || mayPingAll);
  });
  const everyone = mayPingAll && /@(everyone|here)\b/.test(text);
  if (!allowed) return { mentions: users, mention_roles: roles, mention_everyone: everyone };
  const parse: string[] = allowed.parse ?? [];
  const narrow = (ids: string[], kind: 'users' | 'roles') =>
    parse.includes(kind) ? ids : ids.filter((id) => allowed[kind]?.includes(id));
  return {
    mentions: narrow(users, 'users'),
    mention_roles: narrow(roles, 'roles'),
    mention_everyone: everyone && parse.includes('everyone'),
  };
}

function unique(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''))];
}

/** Whether someone's messages in a channel may ping roles and everyone. */
export function mayPingAll(world: World, userId: string, channel: Channel): boolean {
  return (world.permissionsOf(userId, channel) & P.MENTION_EVERYONE) !== 0n;
}
