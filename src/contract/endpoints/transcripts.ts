import { type EndpointRows, inTicket } from '../endpoint-row.ts';
import { getTranscriptQuery } from '../transcripts.ts';

export const transcriptEndpoints = {
  getTranscript: {
    method: 'GET',
    path: '/api/v1/tickets/:ticketId/transcript',
    summary:
      'What was said, as one HTML page that stands alone. One that breaks off has no `</html>`.',
    auth: 'token',
    may: "owner: the customer's version; staff: both, by default their own",
    limit: 'transcript',
    params: inTicket,
    query: getTranscriptQuery,
    answers: { 200: null },
    headers: ['Content-Disposition'],
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
} as const satisfies EndpointRows;
