import type { EndpointRows } from '../endpoint-row.ts';
import {
  agentsReportView,
  dashboardView,
  formatQuery,
  reportQuery,
  slaReportView,
  ticketsReportView,
  trendsQuery,
  trendsView,
} from '../reports.ts';

const common = {
  method: 'GET',
  auth: 'token',
  may: 'ADMIN; AGENT: of the own tickets',
  limit: 'reports',
  errors: ['FORBIDDEN'],
} as const;

const dashboard = {
  ...common,
  summary: 'The desk in numbers; `format=csv` answers a table.',
  query: formatQuery,
  answers: { 200: dashboardView },
} as const;

export const reportEndpoints = {
  getDashboard: { ...dashboard, path: '/api/v1/statistics/dashboard' },
  getAdminDashboard: {
    ...dashboard,
    path: '/api/v1/admin/dashboard',
    summary: 'The same, as sibling systems call it.',
  },
  getTrends: {
    ...common,
    path: '/api/v1/statistics/trends',
    summary: 'Day by day: opened, closed, times.',
    query: trendsQuery,
    answers: { 200: trendsView },
  },
  reportTickets: {
    ...common,
    path: '/api/v1/admin/reports/tickets',
    summary: 'The tickets opened in some days, by what they are.',
    query: reportQuery,
    answers: { 200: ticketsReportView },
  },
  reportAgents: {
    ...common,
    path: '/api/v1/admin/reports/agents',
    summary: 'The same tickets by whom they are assigned to.',
    query: reportQuery,
    answers: { 200: agentsReportView },
  },
  reportSla: {
    ...common,
    path: '/api/v1/admin/reports/sla',
    summary:
      'The same tickets against the times of their priorities: by the clock, pauses taken off, working hours not regarded.',
    query: reportQuery,
    answers: { 200: slaReportView },
  },
} as const satisfies EndpointRows;
