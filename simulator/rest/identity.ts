import { bodyOf, type Call, callerOf, ok, param, type Reply } from '../call.ts';
import { emptyChannel } from '../empty-channel.ts';
import { ChannelType, type Json, type User } from '../entities.ts';
import { refused, unknown } from '../errors.ts';
import { renderChannel, renderUser } from '../render.ts';
import { route } from '../router.ts';
import { nextSnowflake } from '../snowflake.ts';
import { anything, maybe, object, snowflake } from '../validation/fields.ts';
import type { World } from '../world.ts';

const dmBody = object({ recipient_id: snowflake, recipients: maybe(anything) });

function getGateway({ sim }: Call): Reply {
  return ok({ url: sim.gatewayUrl });
}

function getGatewayBot({ sim }: Call): Reply {
  const { left } = sim.gateway.identifies;
  return ok({
    url: sim.gatewayUrl,
    shards: 1,
    session_start_limit: {
      total: 1000,
      remaining: left,
      reset_after: 14_400_000,
      max_concurrency: 1,
    },
  });
}

/** What a user learns of itself. */
function renderSelf(user: User): Json {
  const more = { mfa_enabled: true, locale: 'en-US', premium_type: 0, email: null, verified: true };
  return { ...renderUser(user), ...more };
}

function getSelf(call: Call): Reply {
  return ok(renderSelf(callerOf(call)));
}

function getUser(call: Call): Reply {
  const user = call.world.users.get(param(call, 'user'));
  if (!user) throw unknown('user');
  return ok(renderUser(user));
}

function getOwnGuilds(call: Call): Reply {
  const { id } = callerOf(call);
  const joined = call.sim.worlds.filter(({ members }) => members.has(id));
  return ok(
    joined.map((world) => ({
      id: world.guild.id,
      name: world.guild.name,
      icon: null,
      owner: world.guild.owner_id === id,
      permissions: world.permissionsOf(id).toString(),
      features: [],
    })),
  );
}

/** What a bot in fewer than a hundred servers is marked with for each privileged intent it has. */
const INTENT_FLAGS: Record<string, number> = {
  GUILD_PRESENCES: 1 << 13,
  GUILD_MEMBERS: 1 << 15,
  MESSAGE_CONTENT: 1 << 19,
};

function flagsOf({ settings }: World): number {
  return settings.privilegedIntents.reduce((all, one) => all | (INTENT_FLAGS[one] ?? 0), 0);
}

function renderApplication(world: World): Json {
  const owner = world.users.get(world.guild.owner_id);
  const bot = world.users.get(world.application.id);
  return {
    ...world.application,
    icon: null,
    rpc_origins: [],
    bot_public: world.settings.publicBot,
    bot_require_code_grant: false,
    ...(owner ? { owner: renderUser(owner) } : {}),
    ...(bot ? { bot: renderUser(bot) } : {}),
    verify_key: '0'.repeat(64),
    team: null,
    approximate_guild_count: 1,
    flags: flagsOf(world),
    integration_types_config: { 0: {} },
  };
}

function getApplication({ world }: Call): Reply {
  return ok(renderApplication(world));
}

function openDirect(call: Call): Reply {
  const { world } = call;
  const me = callerOf(call);
  const other = world.users.get(bodyOf(call, dmBody).recipient_id);
  if (!other || other.id === me.id) throw unknown('user');
  if (me.bot && other.bot) throw refused(50007, 'Cannot send messages to this user');
  const known = [...world.channels.values()].find(
    (c) => c.guild_id === null && c.recipients.includes(me.id) && c.recipients.includes(other.id),
  );
  const channel =
    known ??
    emptyChannel({
      id: nextSnowflake(),
      guild_id: null,
      name: '',
      type: ChannelType.dm,
      recipients: [me.id, other.id],
    });
  world.channels.set(channel.id, channel);
  const rendered = renderChannel(world, channel);
  const recipients = (rendered.recipients as Json[]).filter((one) => one.id !== me.id);
  return ok({ ...rendered, recipients });
}

export const identityRoutes = [
  route('GET', '/gateway', getGateway, { open: true }),
  route('GET', '/gateway/bot', getGatewayBot),
  route('GET', '/users/@me', getSelf),
  route('GET', '/users/@me/guilds', getOwnGuilds),
  route('POST', '/users/@me/channels', openDirect),
  route('GET', '/users/:user', getUser),
  route('GET', '/applications/@me', getApplication),
  route('GET', '/oauth2/applications/@me', getApplication),
];
