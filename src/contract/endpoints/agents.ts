import { z } from 'zod';
import { agentTicketsQuery, agentView, changeAgentBody, linkCodeView } from '../agents.ts';
import type { EndpointRows } from '../endpoint-row.ts';
import { pageHeaderNames, pageQuery } from '../pages.ts';
import { ticketView } from '../tickets.ts';

const ofAgent = z.object({ agentId: z.string() });

const list = {
  method: 'GET',
  summary: 'Who of the staff is known: by a token, or by acting in Discord.',
  auth: 'token',
  may: 'staff',
  limit: 'desk',
  query: pageQuery,
  answers: { 200: z.array(agentView) },
  headers: pageHeaderNames,
  errors: ['FORBIDDEN'],
} as const;

export const agentEndpoints = {
  listAgents: { ...list, path: '/api/v1/agents' },
  listUserAgents: { ...list, path: '/api/v1/users/agents/list', summary: 'The same as `/agents`.' },
  changeAgent: {
    method: 'PATCH',
    path: '/api/v1/agents/me',
    summary: "One's own name, skills, and whether one is away, or on call.",
    auth: 'token',
    may: 'staff',
    limit: 'desk',
    body: changeAgentBody,
    answers: { 200: agentView },
    errors: ['FORBIDDEN', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  createLinkCode: {
    method: 'POST',
    path: '/api/v1/agents/me/link',
    summary:
      'A code for `/link` in Discord, which makes both identities one; replaces an earlier one.',
    auth: 'token',
    may: 'staff',
    limit: 'link',
    answers: { 201: linkCodeView },
    errors: ['FORBIDDEN', 'CONFLICT'],
  },
  removeLink: {
    method: 'DELETE',
    path: '/api/v1/agents/me/link',
    summary: 'Part from the identity in Discord.',
    auth: 'token',
    may: 'staff',
    limit: 'link',
    answers: { 204: null },
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
  listAgentTickets: {
    method: 'GET',
    path: '/api/v1/agents/:agentId/tickets',
    summary: 'The tickets assigned to somebody, newest first; `me` for oneself.',
    auth: 'token',
    may: 'staff',
    limit: 'desk',
    params: ofAgent,
    query: agentTicketsQuery,
    answers: { 200: z.array(ticketView) },
    headers: ['Link'],
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
} as const satisfies EndpointRows;
