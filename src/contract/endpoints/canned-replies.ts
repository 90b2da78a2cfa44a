import { z } from 'zod';
import {
  cannedReplyBody,
  cannedReplyView,
  changeCannedReplyBody,
  getCannedReplyQuery,
  listCannedRepliesQuery,
} from '../canned-replies.ts';
import type { EndpointRows } from '../endpoint-row.ts';
import { hexId } from '../ids.ts';
import { pageHeaderNames } from '../pages.ts';

const ofReply = z.object({ replyId: hexId });

export const cannedReplyEndpoints = {
  listCannedReplies: {
    method: 'GET',
    path: '/api/v1/canned-replies',
    summary: 'Texts that are kept to answer with, by name.',
    auth: 'token',
    may: 'staff',
    limit: 'desk',
    query: listCannedRepliesQuery,
    answers: { 200: z.array(cannedReplyView) },
    headers: pageHeaderNames,
    errors: ['FORBIDDEN'],
  },
  createCannedReply: {
    method: 'POST',
    path: '/api/v1/canned-replies',
    summary: 'Keep a text; 409 where the name is taken for that partner, or there are 2,000.',
    auth: 'token',
    may: 'staff',
    limit: 'setup',
    body: cannedReplyBody,
    answers: { 201: cannedReplyView },
    errors: ['FORBIDDEN', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  getCannedReply: {
    method: 'GET',
    path: '/api/v1/canned-replies/:replyId',
    summary: 'One text; with `ticket_id` also `filled` in for that ticket.',
    auth: 'token',
    may: 'staff',
    limit: 'desk',
    params: ofReply,
    query: getCannedReplyQuery,
    answers: { 200: cannedReplyView },
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
  changeCannedReply: {
    method: 'PATCH',
    path: '/api/v1/canned-replies/:replyId',
    summary: 'Give a text another name or other words.',
    auth: 'token',
    may: 'staff',
    limit: 'setup',
    params: ofReply,
    body: changeCannedReplyBody,
    answers: { 200: cannedReplyView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  deleteCannedReply: {
    method: 'DELETE',
    path: '/api/v1/canned-replies/:replyId',
    summary: 'Forget a text.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    params: ofReply,
    answers: { 204: null },
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
} as const satisfies EndpointRows;
