import { z } from 'zod';
import { blockBody, blockView } from '../blocks.ts';
import type { EndpointRows } from '../endpoint-row.ts';
import { hexId } from '../ids.ts';
import { pageHeaderNames, pageQuery } from '../pages.ts';

export const blockEndpoints = {
  listBlocks: {
    method: 'GET',
    path: '/api/v1/blocks',
    summary: 'Customers who may read, but not write; newest first.',
    auth: 'token',
    may: 'staff',
    limit: 'desk',
    query: pageQuery,
    answers: { 200: z.array(blockView) },
    headers: pageHeaderNames,
    errors: ['FORBIDDEN'],
  },
  createBlock: {
    method: 'POST',
    path: '/api/v1/blocks',
    summary: 'Block a customer; 409 where they are, or 10,000 others.',
    auth: 'token',
    may: 'staff',
    limit: 'desk',
    body: blockBody,
    answers: { 201: blockView },
    errors: ['FORBIDDEN', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  deleteBlock: {
    method: 'DELETE',
    path: '/api/v1/blocks/:blockId',
    summary: 'Let a customer write again.',
    auth: 'token',
    may: 'staff',
    limit: 'desk',
    params: z.object({ blockId: hexId }),
    answers: { 204: null },
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
} as const satisfies EndpointRows;
