import type { AppContext } from '../../context.ts';
import type { AgentNumbersView } from '../../contract/reports.ts';
import type { DayAgentRow } from '../../models/statistics.ts';
import { keysOf, toAgent } from '../agents/agent.ts';
import { majority, native } from '../log/collections.ts';
import type { Statistics } from './load.ts';
import type { Reader } from './reader.ts';
import { openWords, rowsOf, Tally, timesOf } from './summarize.ts';
import { countOf, openedIn } from './ticket-links.ts';

/** Whom a key stands for: two identities that were joined are one person. */
async function readPeople(ctx: AppContext): Promise<(agent: DayAgentRow) => DayAgentRow> {
  const rows = await native(ctx.db.agents).find({}, { readConcern: majority }).toArray();
  const people = new Map(
    rows.flatMap((row) => {
      const { key, id, name } = toAgent(row);
      return keysOf(row).map((own) => [own, { key, id, name }] as const);
    }),
  );
  return (agent) => people.get(agent.key) ?? agent;
}

/** The tickets of each of the staff, whoever has most first. */
export async function agentNumbers(
  ctx: AppContext,
  { whose }: Reader,
  { zone, days, from, to }: Statistics & { from: string; to: string },
): Promise<AgentNumbersView[]> {
  const personOf = await readPeople(ctx);
  const people = new Map<string, { agent: DayAgentRow; tally: Tally }>();
  for (const table of days) {
    const tallies = table.agents.map((each) => {
      const agent = personOf(each);
      const known = people.get(agent.key) ?? { agent, tally: new Tally() };
      if (!whose.keys || whose.keys.has(each.key)) people.set(agent.key, known);
      return known.tally;
    });
    const open = openWords(table);
    for (const row of rowsOf(table, whose)) {
      tallies[(table.agent[row] as number) - 1]?.add(table, row, open);
    }
  }
  const opened = openedIn(zone, from, to);
  return [...people.values()]
    .filter(({ tally }) => tally.total > 0)
    .sort((a, b) => b.tally.total - a.tally.total || (a.agent.id < b.agent.id ? -1 : 1))
    .map(({ agent: { id, name }, tally }) => {
      const link = { assigned_to: id, ...opened };
      return {
        ...{ id, name },
        handled: countOf(tally.total, link),
        open: countOf(tally.open, { ...link, status: 'open' }),
        first_response: timesOf(tally.responses),
        resolution: timesOf(tally.resolutions),
        rating: tally.rating,
      };
    });
}
