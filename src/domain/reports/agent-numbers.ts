import type { AppContext } from '../../context.ts';
import type { AgentNumbersView } from '../../contract/reports.ts';
import type { DayAgentRow } from '../../models/statistics.ts';
import { keysOf, toAgent } from '../agents/agents.ts';
import { majority, native } from '../log/collections.ts';
import type { Statistics } from './load.ts';
import type { Reader } from './reader.ts';
import { rowsOf, Summary, timesOf } from './summarize.ts';
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
  const people = new Map<string, { agent: DayAgentRow; summary: Summary }>();
  for (const table of days) {
    const summaries = table.agents.map((each) => {
      const agent = personOf(each);
      const known = people.get(agent.key) ?? { agent, summary: new Summary() };
      if (!whose.keys || whose.keys.has(each.key)) people.set(agent.key, known);
      return known.summary;
    });
    for (const row of rowsOf(table, whose)) {
      summaries[(table.agent[row] as number) - 1]?.add(table, row);
    }
  }
  const opened = openedIn(zone, from, to);
  return [...people.values()]
    .filter(({ summary }) => summary.total > 0)
    .sort((a, b) => b.summary.total - a.summary.total || (a.agent.id < b.agent.id ? -1 : 1))
    .map(({ agent: { id, name }, summary }) => {
      const link = { assigned_to: id, ...opened };
      return {
        ...{ id, name },
        handled: countOf(summary.total, link),
        open: countOf(summary.open, { ...link, status: 'open' }),
        first_response: timesOf(summary.responses),
        resolution: timesOf(summary.resolutions),
        rating: summary.ratings.view(),
      };
    });
}
