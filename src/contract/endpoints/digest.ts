import { digestSettingsView, setDigestBody } from '../digest.ts';
import type { EndpointRows } from '../endpoint-row.ts';

export const digestEndpoints = {
  getDigest: {
    method: 'GET',
    path: '/api/v1/settings/digest',
    summary: "When the week's numbers are posted where transcripts are kept in Discord.",
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    answers: { 200: digestSettingsView },
    errors: ['FORBIDDEN'],
  },
  setDigest: {
    method: 'PUT',
    path: '/api/v1/settings/digest',
    summary: 'Set it, in place of `WEEKLY_DIGEST`.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    body: setDigestBody,
    answers: { 200: digestSettingsView },
    errors: ['FORBIDDEN', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  removeDigest: {
    method: 'DELETE',
    path: '/api/v1/settings/digest',
    summary: 'Go by `WEEKLY_DIGEST` again.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    answers: { 204: null },
    errors: ['FORBIDDEN'],
  },
} as const satisfies EndpointRows;
