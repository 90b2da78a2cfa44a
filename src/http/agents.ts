import { changeAgent, listAgents } from '../domain/agents/agents.ts';
import { createLinkCode, removeLink } from '../domain/agents/link.ts';
import { listAgentTickets } from '../domain/agents/tickets.ts';
import { type Call, type Handlers, nextLink } from './endpoint.ts';
import { pageHeaders } from './paging.ts';
import { noContent } from './reply.ts';

async function answerAgents({
  ctx,
  actor,
  query,
  request,
}: Pick<Call<'listAgents'>, 'ctx' | 'actor' | 'query' | 'request'>) {
  const page = await listAgents(ctx, actor, query);
  const headers = pageHeaders(request, query, page);
  return { status: 200 as const, body: page.rows, headers };
}

export const agentHandlers = {
  listAgents: answerAgents,
  listUserAgents: answerAgents,
  async changeAgent({ ctx, actor, body }) {
    return { status: 200, body: await changeAgent(ctx, actor, body) };
  },
  async createLinkCode({ ctx, actor }) {
    return { status: 201, body: await createLinkCode(ctx, actor) };
  },
  async removeLink({ ctx, actor }) {
    await removeLink(ctx, actor);
    return noContent;
  },
  async listAgentTickets({ ctx, actor, params, query, request }) {
    const { tickets, more } = await listAgentTickets(ctx, actor, params.agentId, query);
    const last = tickets.at(-1);
    const headers: Record<string, string> =
      more && last ? { Link: nextLink(request, { before: last.id }) } : {};
    return { status: 200, body: tickets, headers };
  },
} satisfies Partial<Handlers>;
