import {
  changeCategory,
  createCategory,
  deleteCategory,
  getCategories,
} from '../domain/categories/manage.ts';
import {
  changePriority,
  createPriority,
  deletePriority,
  getPriorities,
} from '../domain/priorities/manage.ts';
import type { Handlers } from './endpoint.ts';
import { noContent } from './reply.ts';

export const catalogueHandlers = {
  async getCategories({ ctx, actor }) {
    return { status: 200, body: await getCategories(ctx, actor) };
  },
  async createCategory({ ctx, actor, body }) {
    return { status: 201, body: await createCategory(ctx, actor, body) };
  },
  async changeCategory({ ctx, actor, params, body }) {
    return { status: 200, body: await changeCategory(ctx, actor, params.categoryId, body) };
  },
  async deleteCategory({ ctx, actor, params }) {
    await deleteCategory(ctx, actor, params.categoryId);
    return noContent;
  },
  async getPriorities({ ctx, actor }) {
    return { status: 200, body: await getPriorities(ctx, actor) };
  },
  async createPriority({ ctx, actor, body }) {
    return { status: 201, body: await createPriority(ctx, actor, body) };
  },
  async changePriority({ ctx, actor, params, body }) {
    return { status: 200, body: await changePriority(ctx, actor, params.priorityId, body) };
  },
  async deletePriority({ ctx, actor, params }) {
    await deletePriority(ctx, actor, params.priorityId);
    return noContent;
  },
} satisfies Partial<Handlers>;
