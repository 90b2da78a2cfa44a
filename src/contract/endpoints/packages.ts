import { z } from 'zod';
import type { EndpointRows } from '../endpoint-row.ts';
import { hexId } from '../ids.ts';
import { changePackageBody, listPackagesQuery, packageBody, packageView } from '../packages.ts';
import { pageHeaderNames } from '../pages.ts';

const ofPackage = z.object({ packageId: hexId });

export const packageEndpoints = {
  listPackages: {
    method: 'GET',
    path: '/api/v1/packages',
    summary: 'What customers may have, by name.',
    auth: 'token',
    may: 'everybody',
    limit: 'desk',
    query: listPackagesQuery,
    answers: { 200: z.array(packageView) },
    headers: pageHeaderNames,
    errors: [],
  },
  createPackage: {
    method: 'POST',
    path: '/api/v1/packages',
    summary: 'Add a package; 409 where one in use has the name, or there are 1,000.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    body: packageBody,
    answers: { 201: packageView },
    errors: ['FORBIDDEN', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  getPackage: {
    method: 'GET',
    path: '/api/v1/packages/:packageId',
    summary: 'One package, an archived one too.',
    auth: 'token',
    may: 'everybody',
    limit: 'desk',
    params: ofPackage,
    answers: { 200: packageView },
    errors: ['NOT_FOUND'],
  },
  replacePackage: {
    method: 'PUT',
    path: '/api/v1/packages/:packageId',
    summary: 'Replace a package: what is left out is empty then.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    params: ofPackage,
    body: packageBody,
    answers: { 200: packageView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  changePackage: {
    method: 'PATCH',
    path: '/api/v1/packages/:packageId',
    summary: 'Change some fields of a package, or take it out of the archive.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    params: ofPackage,
    body: changePackageBody,
    answers: { 200: packageView },
    errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
  },
  deletePackage: {
    method: 'DELETE',
    path: '/api/v1/packages/:packageId',
    summary: 'Remove a package; one that a customer has is archived instead.',
    auth: 'token',
    may: 'ADMIN',
    limit: 'setup',
    params: ofPackage,
    answers: { 204: null },
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
} as const satisfies EndpointRows;
