import {
  changePackage,
  createPackage,
  deletePackage,
  getPackage,
  listPackages,
  replacePackage,
} from '../domain/packages/packages.ts';
import type { Handlers } from './endpoint.ts';
import { pageHeaders } from './paging.ts';
import { noContent } from './reply.ts';

export const packageHandlers = {
  async listPackages({ ctx, actor, query, request }) {
    const page = await listPackages(ctx, actor, query);
    return { status: 200, body: page.rows, headers: pageHeaders(request, query, page) };
  },
  async createPackage({ ctx, actor, body }) {
    return { status: 201, body: await createPackage(ctx, actor, body) };
  },
  async getPackage({ ctx, actor, params }) {
    return { status: 200, body: await getPackage(ctx, actor, params.packageId) };
  },
  async replacePackage({ ctx, actor, params, body }) {
    return { status: 200, body: await replacePackage(ctx, actor, params.packageId, body) };
  },
  async changePackage({ ctx, actor, params, body }) {
    return { status: 200, body: await changePackage(ctx, actor, params.packageId, body) };
  },
  async deletePackage({ ctx, actor, params }) {
    await deletePackage(ctx, actor, params.packageId);
    return noContent;
  },
} satisfies Partial<Handlers>;
