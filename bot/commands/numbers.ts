import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationCommandOptionType } from 'discord.js';
import type { AgentView } from '../../src/contract/agents.ts';
import type { ComplianceView, TimesView } from '../../src/contract/reports.ts';
import { changeAgent, listAgents } from '../../src/domain/agents/agents.ts';
import { listAllOnCall } from '../../src/domain/agents/on-call.ts';
import { readDashboard } from '../../src/domain/reports/reports.ts';
import type { Bridge } from '../bridge.ts';
import { escapeName, inWords } from '../format.ts';
import { guildName, whyAway } from '../guilds/guild-state.ts';
import { learnStanding } from '../guilds/standings.ts';
import { timestamp } from '../outbound/card/card-fields.ts';
import type { CommandModule } from './command.ts';
import { offered } from './options.ts';
import { listed } from './ticket-lines.ts';

const AGENTS_SHOWN = 50;
/** How long whoever goes on call waits for what Discord says of them, in milliseconds. */
const LEARNING_MS = 3000;

const times = ({ count, median, p90 }: TimesView) =>
  `median ${inWords(median)}, 90 % within ${inWords(p90)} (${count})`;

const kept = ({ met, breached, compliance }: ComplianceView) =>
  compliance === null ? '—' : `${Math.round(compliance * 100)} % (${met} of ${met + breached})`;

export const stats: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'stats',
      description: 'The desk in numbers: yours, or everybody’s for those who may',
    },
    async run({ bridge, actor }) {
      const view = await readDashboard(bridge.ctx, actor);
      const { scope, today, open, total, by_status, rating } = view;
      const statuses = Object.entries(by_status).map(([name, { count }]) => `${name} ${count}`);
      return [
        scope === 'own' ? '**The tickets assigned to you**' : '**All tickets**',
        `Today: ${today.new} opened, ${today.closed} ended`,
        `Open: ${open.count} of ${total.count}${statuses.length > 0 ? ` (${statuses.join(', ')})` : ''}`,
        `First answer: ${times(view.first_response)}`,
        `Resolution: ${times(view.resolution)}`,
        `First answer in time: ${kept(view.sla.first_response)}`,
        `Resolved in time: ${kept(view.sla.resolution)}`,
        `Rating: ${rating.average === null ? '—' : rating.average.toFixed(1)} (${rating.count})`,
        `As of ${timestamp(view.as_of)}`,
      ].join('\n');
    },
  },
};

function agentLine({ name, presence, on_call, open_tickets, skills, role }: AgentView): string {
  const fits = skills.length > 0 ? skills.join(', ') : 'every role';
  const is = on_call ? `${presence}, on call` : presence;
  return `**${escapeName(name)}** · ${is} · ${open_tickets} open · ${role} · ${fits}`;
}

export const agents: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'agents',
      description: 'Who of the staff is there, and has how much',
    },
    async run({ bridge, actor }) {
      const { rows, total } = await listAgents(bridge.ctx, actor, { page: 1, limit: AGENTS_SHOWN });
      const order = ['online', 'away', 'offline'];
      const sorted = rows.toSorted(
        (a, b) =>
          order.indexOf(a.presence) - order.indexOf(b.presence) || a.open_tickets - b.open_tickets,
      );
      const more = total > rows.length ? [`… of ${total}`] : [];
      return listed([...sorted.map(agentLine), ...more]);
    },
  },
};

export const away: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'away',
      description: 'Say whether tickets may be given to you by themselves',
      options: [
        {
          type: ApplicationCommandOptionType.Boolean,
          name: 'away',
          description: 'True: none are; false: they are again',
          required: true,
        },
      ],
    },
    async run({ bridge, actor }, { options }) {
      const view = await changeAgent(bridge.ctx, actor, { away: options.getBoolean('away', true) });
      return view.presence === 'away'
        ? 'You are away: no ticket is given to you by itself. Yours stay yours.'
        : 'You are there: tickets may be given to you.';
    },
  },
};

/** Learns at once of every guild whether somebody is staff there. @returns those where they are not */
async function learnElsewhere({ guilds }: Bridge, discordId: string): Promise<string[]> {
  if (!guilds.isSeveral) return [];
  const there = guilds.all.filter((one) => !whyAway(one));
  // One that does not answer is asked again by a round, and nobody waits for it.
  const isStaffIn = await Promise.all(
    there.map((one) =>
      Promise.race([
        learnStanding(one, discordId).catch(() => true),
        sleep(LEARNING_MS, true, { ref: false }),
      ]),
    ),
  );
  return there.filter((_, nth) => !isStaffIn[nth]).map((one) => escapeName(guildName(one)));
}

export const onCall: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'on-call',
      description: 'Be named in the channel of every new ticket that is for you; who is now',
      options: [
        {
          type: ApplicationCommandOptionType.Boolean,
          name: 'on',
          description: 'True: you are on call; false: no more; left out: who is',
        },
      ],
    },
    async run({ bridge, actor }, { options }) {
      const on = options.getBoolean('on');
      if (on === null) {
        const people = await listAllOnCall(bridge.ctx);
        const names = people.map((name) => escapeName(name));
        return names.length > 0 ? `On call: ${names.join(', ')}.` : 'Nobody is on call.';
      }
      const { presence } = await changeAgent(bridge.ctx, actor, { on_call: on });
      if (!on) return 'You are not on call any more.';
      const but =
        presence === 'away' ? ' You are away now: until you are back nobody calls you.' : '';
      const others = await learnElsewhere(bridge, actor.id);
      const not =
        others.length > 0 ? ` Not those in ${others.join(', ')}: you are not staff there.` : '';
      return `You are on call: new tickets that are for you, and those that are overdue, name you.${not}${but}`;
    },
  },
};
