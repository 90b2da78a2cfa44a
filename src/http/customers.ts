import {
  assignPackage,
  listCustomerPackages,
  removeCustomerPackage,
} from '../domain/customers/assignments.ts';
import {
  changeCustomer,
  createCustomer,
  deleteCustomer,
  getCustomer,
  listCustomers,
  replaceCustomer,
} from '../domain/customers/customers.ts';
import type { Handlers } from './endpoint.ts';
import { pageHeaders } from './paging.ts';
import { noContent } from './reply.ts';

export const customerHandlers = {
  async listCustomers({ ctx, actor, query, request }) {
    const page = await listCustomers(ctx, actor, query);
    return { status: 200, body: page.rows, headers: pageHeaders(request, query, page) };
  },
  async createCustomer({ ctx, actor, body }) {
    return { status: 201, body: await createCustomer(ctx, actor, body) };
  },
  async getCustomer({ ctx, actor, params }) {
    return { status: 200, body: await getCustomer(ctx, actor, params.customerId) };
  },
  async replaceCustomer({ ctx, actor, params, body }) {
    return { status: 200, body: await replaceCustomer(ctx, actor, params.customerId, body) };
  },
  async changeCustomer({ ctx, actor, params, body }) {
    return { status: 200, body: await changeCustomer(ctx, actor, params.customerId, body) };
  },
  async deleteCustomer({ ctx, actor, params }) {
    await deleteCustomer(ctx, actor, params.customerId);
    return noContent;
  },
  async listCustomerPackages({ ctx, actor, params }) {
    return { status: 200, body: await listCustomerPackages(ctx, actor, params.customerId) };
  },
  async assignPackage({ ctx, actor, params, body }) {
    return { status: 201, body: await assignPackage(ctx, actor, params.customerId, body) };
  },
  async removeCustomerPackage({ ctx, actor, params: { customerId, assignmentId } }) {
    await removeCustomerPackage(ctx, actor, customerId, assignmentId);
    return noContent;
  },
} satisfies Partial<Handlers>;
