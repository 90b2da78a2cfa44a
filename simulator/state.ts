import type { Interaction } from './app-entities.ts';
import type { Json, Message } from './entities.ts';
import { byPosition, renderChannel, renderGuild, renderRole, renderWebhook } from './render.ts';
import { renderMessage } from './render-message.ts';
import { renderCommand } from './rest/commands.ts';
import type { Directory } from './seed.ts';
import type { Simulator } from './simulator.ts';
import type { World } from './world.ts';
import { worldOfChannel, worldOfGuild } from './worlds.ts';

const LISTED_INTERACTIONS = 200;

/**
 * Everything there is, for tests and for the operator. `calls=0`, `messages=0` leave the long lists out,
 * `guild=ID` is about that guild instead of the first, `channel=ID` about that channel's, and gives the messages
 * of that channel alone, `nonce=N` one interaction and its answer and no more.
 */
export function renderState(sim: Simulator, query: URLSearchParams): Json {
  const { directory } = sim;
  const nonce = query.get('nonce');
  if (nonce !== null) {
    const used = (one: World) => [...one.interactions.values()].some((i) => i.nonce === nonce);
    return renderUse(sim.worlds.find(used) ?? sim.world, nonce);
  }
  const only = query.get('channel');
  const guildId = query.get('guild') ?? undefined;
  const world = only === null ? worldOfGuild(sim, guildId) : worldOfChannel(sim, only);
  const logs = [...world.logs].filter(([id]) => only === null || id === only);
  const messages = () =>
    Object.fromEntries(logs.map(([id, log]) => [id, log.all().map((m) => renderStored(world, m))]));
  const channels = world.guildChannels().sort(byPosition);
  return {
    url: sim.url,
    apiUrl: `${sim.url}/api`,
    gatewayUrl: sim.gatewayUrl,
    seed: directory,
    guild: renderGuild(world),
    application: world.application,
    bot: directory.bot,
    people: peopleNow(world, directory),
    roles: [...world.roles.values()].map(renderRole),
    channels: [...channels, ...world.threads()].map((c) => renderChannel(world, c)),
    directs: [...world.channels.values()]
      .filter((c) => c.guild_id === null)
      .map((c) => renderChannel(world, c)),
    ...(query.get('messages') === '0' ? {} : { messages: messages() }),
    ephemeral: [...world.ephemeral.values()].map((m) => renderStored(world, m)),
    commands: [...world.commands.values()].map(renderCommand),
    webhooks: [...world.webhooks.values()].map((w) => renderWebhook(world, w, true)),
    interactions: [...world.interactions.values()]
      .slice(-LISTED_INTERACTIONS)
      .map((one) => renderStoredInteraction(world, one)),
    sessions: sim.gateway.list(),
    faults: sim.faults.all(),
    settings: sim.settings,
    invalidRequests: sim.calls.invalidRequests,
    ...(query.get('calls') === '0' ? {} : { calls: sim.calls.list() }),
  };
}

/** What became of one use of a command, a component or a form, by the nonce its client sent. */
function renderUse(world: World, nonce: string): Json {
  const found = [...world.interactions.values()].findLast((one) => one.nonce === nonce);
  const answer = found && world.ephemeral.get(found.response_message_id ?? '');
  return {
    interactions: found ? [renderStoredInteraction(world, found)] : [],
    ephemeral: answer ? [renderStored(world, answer)] : [],
  };
}

/** The seeded people with the roles they have now. */
function peopleNow(world: World, directory: Directory): Json {
  return Object.fromEntries(
    Object.entries(directory.people).map(([key, person]) => [
      key,
      { ...person, roles: world.members.get(person.id)?.roles ?? [] },
    ]),
  );
}

/** A message with what REST would not show: its nonce, and whose eyes an ephemeral one is for. */
function renderStored(world: World, message: Message): Json {
  return {
    ...renderMessage(world, message),
    nonce: message.nonce ?? null,
    ...(message.ephemeral_for === undefined ? {} : { ephemeral_for: message.ephemeral_for }),
  };
}

function renderStoredInteraction(world: World, one: Interaction): Json {
  const { token: _token, metadata: _metadata, message_ids, ...shown } = one;
  const user = world.users.get(one.user_id);
  const messages = message_ids.flatMap((id) => world.message(one.channel_id, id) ?? []);
  return {
    ...shown,
    user: user?.username,
    messages: messages.map((m) => renderStored(world, m)),
  };
}
