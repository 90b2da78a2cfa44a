import { availabilityView } from '../availability.ts';
import { calendar, calendarView } from '../calendar.ts';
import type { EndpointRows } from '../endpoint-row.ts';

export const availabilityEndpoints = {
  availability: {
    method: 'GET',
    path: '/api/v1/availability',
    summary: 'Whether somebody may be expected to answer; a few seconds old.',
    auth: 'none',
    may: 'everybody',
    answers: { 200: availabilityView },
    headers: ['Cache-Control'],
    errors: [],
  },
  getCalendar: {
    method: 'GET',
    path: '/api/v1/settings/calendar',
    summary: 'Time zone, working hours and holidays; null where none are set: always open.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    answers: { 200: calendarView.nullable() },
    errors: ['FORBIDDEN'],
  },
  setCalendar: {
    method: 'PUT',
    path: '/api/v1/settings/calendar',
    summary: 'Set them.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    body: calendar,
    answers: { 200: calendarView },
    errors: ['FORBIDDEN', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  removeCalendar: {
    method: 'DELETE',
    path: '/api/v1/settings/calendar',
    summary: 'Be always open again.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    answers: { 204: null },
    errors: ['FORBIDDEN'],
  },
} as const satisfies EndpointRows;
