import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AssignedPackageView, CustomerView } from '../../src/contract/customers.ts';
import type { PackageView } from '../../src/contract/packages.ts';
import { findCustomer } from '../../src/domain/customers/customers.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
let ana: Person;
let kim: Person;
let boss: Person;
beforeAll(async () => {
  app = await startApp();
  ana = newPerson(app.url, 'CUSTOMER');
  kim = newPerson(app.url, 'AGENT');
  boss = newPerson(app.url, 'ADMIN');
});
afterAll(() => app.stop());

const nowhere = '0123456789abcdef01234567';
let count = 0;

async function buildCustomer(overrides: object = {}): Promise<CustomerView> {
  const body = { first_name: 'John', last_name: `Doe${++count}`, ...overrides };
  const { status, body: made } = await kim.call<CustomerView>('POST', '/customers', body);
  expect(status).toBe(201);
  return made;
}

async function buildPackage(overrides: object = {}): Promise<PackageView> {
  const body = { name: `Internet ${++count}`, price: 29.99, ...overrides };
  const { status, body: made } = await boss.call<PackageView>('POST', '/packages', body);
  expect(status).toBe(201);
  return made;
}

const assign = (customer: string, package_id: string, more: object = {}) =>
  kim.call<AssignedPackageView>('POST', `/customers/${customer}/packages`, { package_id, ...more });

const search = async (text: string) => {
  const path = `/customers?limit=100&search=${encodeURIComponent(text)}`;
  const { body } = await kim.call<CustomerView[]>('GET', path);
  return body.map(({ last_name }) => last_name).sort();
};

describe('profiles of customers', () => {
  test('are created with all fields, read, replaced, changed in part and deleted', async () => {
    const body = {
      first_name: 'Zoé',
      last_name: 'Müller',
      email: 'Zoe@Example.com',
      phone_number: '+1-555-123-4567',
      company: 'Acme',
      address: '123 Main St',
      city: 'Springfield',
      postal_code: '12345',
      country: 'USA',
      user_id: 42,
      partner: 'shop',
    };
    const { body: made } = await kim.call<CustomerView>('POST', '/customers', body);
    expect(made).toMatchObject({ ...body, user_id: '42' });
    const path = `/customers/${made.id}`;
    expect((await kim.call('GET', path)).body).toEqual(made);
    const change = { city: 'Shelbyville', phone_number: null };
    const changed = await kim.call<CustomerView>('PATCH', path, change);
    expect(changed).toMatchObject({ status: 200, body: { ...change, email: body.email } });
    const whole = { first_name: 'Zoé', last_name: 'Schmidt' };
    const replaced = await kim.call<CustomerView>('PUT', path, whole);
    expect(replaced).toMatchObject({ status: 200, body: { ...whole, city: null, user_id: null } });
    expect(await boss.call('DELETE', path)).toMatchObject({ status: 204, body: undefined });
    expect(await boss.call('DELETE', path)).toMatchObject({ status: 404 });
    expect(await kim.call('GET', path)).toMatchObject({ status: 404 });
  });

  test('a user has one profile, and an e-mail address has one with each partner', async () => {
    await buildCustomer({ user_id: 'u1', partner: 'p1', email: 'one@example.com' });
    const post = (body: object) =>
      kim.call('POST', '/customers', { first_name: 'A', last_name: 'B', ...body });
    expect(await post({ user_id: 'u1', partner: 'p1' })).toMatchObject({
      status: 409,
      body: { message: 'there is a profile with this user already' },
    });
    expect(await post({ email: 'ONE@example.com', partner: 'p1' })).toMatchObject({
      status: 409,
      body: { message: 'there is a profile with this e-mail address already' },
    });
    const elsewhere = { user_id: 'u1', partner: 'p2', email: 'one@example.com' };
    expect(await post(elsewhere)).toMatchObject({ status: 201 });
    const other = await buildCustomer();
    const taken = { user_id: 'u1', partner: 'p1' };
    expect(await kim.call('PATCH', `/customers/${other.id}`, taken)).toMatchObject({ status: 409 });
  });

  test.each([
    ['no name', { last_name: 'B' }, 'first_name', 'required'],
    ['an empty name', { first_name: ' ', last_name: 'B' }, 'first_name', 'too_short'],
    ['a long name', { first_name: 'x'.repeat(101), last_name: 'B' }, 'first_name', 'too_long'],
    ['no address', { first_name: 'A', last_name: 'B', email: 'x' }, 'email', 'invalid_format'],
  ])('%s is refused, and nothing is stored', async (_what, body, location, type) => {
    const before = await app.ctx.db.customers.countDocuments();
    expect(await kim.call('POST', '/customers', body)).toMatchObject({
      status: 400,
      body: { errors: [{ location, type, in: 'body' }] },
    });
    expect(await app.ctx.db.customers.countDocuments()).toBe(before);
  });

  test('an id that is none, and one that nobody has, are 404 alike', async () => {
    const whole = { first_name: 'A', last_name: 'B' };
    for (const id of ['x', nowhere]) {
      expect(await kim.call('GET', `/customers/${id}`)).toMatchObject({ status: 404 });
      expect(await kim.call('PUT', `/customers/${id}`, whole)).toMatchObject({ status: 404 });
      expect(await kim.call('GET', `/customers/${id}/packages`)).toMatchObject({ status: 404 });
    }
  });

  test('changes of one profile at the same time all arrive', async () => {
    const { id } = await buildCustomer();
    const changes = [{ city: 'Rome' }, { company: 'Acme' }, { country: 'Italy' }];
    await Promise.all(changes.map((change) => kim.call('PATCH', `/customers/${id}`, change)));
    const { body } = await kim.call('GET', `/customers/${id}`);
    expect(body).toMatchObject(Object.assign({}, ...changes));
  });
});

describe('the list of customers', () => {
  test('is paged, newest first, with a total and links to the other pages', async () => {
    const made: string[] = [];
    for (let i = 0; i < 5; i++) made.push((await buildCustomer()).id);
    const total = await app.ctx.db.customers.countDocuments();
    const seen: string[] = [];
    let path: string | undefined = '/customers?limit=2&page=1';
    while (path) {
      const page: { body: CustomerView[]; headers: Headers } = await kim.call('GET', path);
      expect(page.headers.get('x-total-count')).toBe(String(total));
      seen.push(...page.body.map(({ id }) => id));
      const link = page.headers.get('link') ?? '';
      expect(link).toContain('limit=2&page=1>; rel="first"');
      expect(link).toContain(`page=${Math.ceil(total / 2)}>; rel="last"`);
      path = /<\/api\/v1([^>]*)>; rel="next"/.exec(link)?.[1];
    }
    expect(seen).toHaveLength(total);
    expect(seen.slice(0, 5)).toEqual(made.reverse());
  });

  test.each(['page=0', 'page=1001', 'page=x', 'limit=0', 'limit=101', 'search='])(
    '?%s is refused',
    async (query) => {
      expect(await kim.call('GET', `/customers?${query}`)).toMatchObject({
        status: 400,
        body: { errors: [{ location: query.split('=')[0], in: 'query' }] },
      });
    },
  );

  test('search finds beginnings of words, without case and accents, all of them together', async () => {
    await buildCustomer({
      first_name: 'Élodie',
      last_name: 'Quartz',
      email: 'el.quartz@example.org',
      phone_number: '+49 (30) 99-88-77',
      user_id: 'cust-77',
    });
    await buildCustomer({ first_name: 'Elodie', last_name: 'Quarrel', city: 'Łódź' });
    await buildCustomer({ first_name: 'Ελένη', last_name: 'Quill', company: '東京サポート' });
    expect(await search('elodie')).toEqual(['Quarrel', 'Quartz']);
    expect(await search('QUAR elo')).toEqual(['Quarrel', 'Quartz']);
    expect(await search('quartz élo')).toEqual(['Quartz']);
    expect(await search('el.quartz@exam')).toEqual(['Quartz']);
    expect(await search('+49 30 99')).toEqual(['Quartz']);
    expect(await search('cust-77')).toEqual(['Quartz']);
    expect(await search('ελενη')).toEqual(['Quill']);
    expect(await search('東京')).toEqual(['Quill']);
    expect(await search('uartz')).toEqual([]);
  });

  test('what means something in a pattern or an operator finds nothing by it', async () => {
    await buildCustomer({ last_name: 'Wildcard' });
    for (const text of ['.*', '^', '$ne', '[a-z]+', '(a+)+$', '\\', '{"$gt":""}', '%']) {
      expect(await search(text)).not.toContain('Wildcard');
    }
    // Another parameter than `search`, and so none.
    expect((await kim.call('GET', '/customers?search[$ne]=x')).status).toBe(200);
  });

  test('search goes by the index, and looks at a bounded number of profiles', async () => {
    const none = { email: null, phone_number: null, company: null, address: null, city: null };
    const rows = Array.from({ length: 6000 }, (_, nth) => ({
      ...{ first_name: 'Common', last_name: `N${nth}`, terms: ['commonest', `n${nth}`] },
      ...none,
      ...{ postal_code: null, country: null, user_id: null, partner: null },
      ...{ key: null, email_key: null, revision: 1, created_at: 1, updated_at: 1 },
    }));
    await app.ctx.db.customers.collection.insertMany(rows);
    const page = await kim.call<CustomerView[]>('GET', '/customers?search=comm');
    expect(page.headers.get('x-total-count')).toBe('1000');
    expect(page.body).toHaveLength(20);
    const { db } = app.ctx.db.connection;
    await db?.command({ profile: 2 });
    await kim.call('GET', '/customers?search=comm%20x5');
    await db?.command({ profile: 0 });
    const entry = await db
      ?.collection('system.profile')
      .findOne({ 'command.aggregate': 'customers' });
    expect(entry?.planSummary).toContain('terms');
    expect(entry?.docsExamined).toBeLessThanOrEqual(5001);
    expect(entry?.keysExamined).toBeLessThanOrEqual(5001);
    await app.ctx.db.customers.deleteMany({ first_name: 'Common' });
  });
});

describe('packages', () => {
  test('everybody reads them by name; ADMIN creates, replaces and changes them', async () => {
    const made = await buildPackage({
      name: 'Aaa basic',
      features: ['50 Mbps', 'Unlimited'],
      description: 'For homes',
    });
    expect(made).toMatchObject({ archived: false, features: ['50 Mbps', 'Unlimited'] });
    expect((await ana.call('GET', '/packages?limit=1')).body).toEqual([made]);
    const path = `/packages/${made.id}`;
    expect((await ana.call('GET', path)).body).toEqual(made);
    const put = await boss.call('PUT', path, { name: 'Aaa plus', price: 0 });
    expect(put).toMatchObject({
      status: 200,
      body: { name: 'Aaa plus', price: 0, features: [], description: null },
    });
    const patch = await boss.call('PATCH', path, { description: '$price' });
    expect(patch.body).toMatchObject({ name: 'Aaa plus', description: '$price' });
    const double = await boss.call('POST', '/packages', { name: 'AAA PLUS', price: 1 });
    expect(double).toMatchObject({ status: 409 });
    expect(await boss.call('PATCH', path, {})).toMatchObject({ status: 400 });
    expect(await ana.call('GET', `/packages/${nowhere}`)).toMatchObject({ status: 404 });
  });

  test.each([
    ['price', { name: 'x', price: -1 }],
    ['price', { name: 'x', price: '1' }],
    ['price', { name: 'x', price: 1_000_000_001 }],
    ['features', { name: 'x', price: 1, features: Array(51).fill('f') }],
    ['features.0', { name: 'x', price: 1, features: ['f'.repeat(201)] }],
  ])('a wrong %s is refused', async (location, body) => {
    const refused = await boss.call('POST', '/packages', body);
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ location }] } });
  });

  test('one that a customer has is archived, keeps its name for them, and leaves it to a new one', async () => {
    const used = await buildPackage();
    const path = `/packages/${used.id}`;
    const customer = await buildCustomer();
    const dates = { start_date: '2025-08-01', end_date: '2026-08-01' };
    const given = await assign(customer.id, used.id, { ...dates, status: 'ACTIVE' });
    const shown = { ...dates, status: 'active', package_name: used.name };
    expect(given).toMatchObject({ status: 201, body: shown });
    expect(await boss.call('DELETE', path)).toMatchObject({ status: 204 });
    expect((await ana.call<PackageView>('GET', path)).body.archived).toBe(true);
    const ofCustomer = `/customers/${customer.id}/packages`;
    expect((await kim.call('GET', ofCustomer)).body).toEqual([given.body]);
    const idsIn = async (query: string) =>
      (await ana.call<PackageView[]>('GET', `/packages?limit=100${query}`)).body.map(
        ({ id }) => id,
      );
    expect(await idsIn('')).not.toContain(used.id);
    expect(await idsIn('&archived=true')).toContain(used.id);
    expect(await assign(customer.id, used.id)).toMatchObject({ status: 409 });
    const next = await buildPackage({ name: used.name });
    const back = { archived: false };
    expect(await boss.call('PATCH', path, back)).toMatchObject({ status: 409 });
    // Nobody has this one, so it goes.
    expect(await boss.call('DELETE', `/packages/${next.id}`)).toMatchObject({ status: 204 });
    expect(await boss.call('DELETE', `/packages/${next.id}`)).toMatchObject({ status: 404 });
    expect(await boss.call('PATCH', path, back)).toMatchObject({ status: 200 });
    const assignment = `${ofCustomer}/${given.body.id}`;
    expect(await kim.call('DELETE', assignment)).toMatchObject({ status: 204 });
    expect(await kim.call('DELETE', assignment)).toMatchObject({ status: 404 });
    expect(await boss.call('DELETE', path)).toMatchObject({ status: 204 });
    expect(await ana.call('GET', path)).toMatchObject({ status: 404 });
  });

  test('an assignment that makes no sense is refused, and counts nothing', async () => {
    const { id } = await buildPackage();
    const customer = await buildCustomer();
    expect(await assign(customer.id, nowhere)).toMatchObject({
      status: 400,
      body: { errors: [{ location: 'package_id', type: 'unknown_package' }] },
    });
    expect(await assign(nowhere, id)).toMatchObject({ status: 404 });
    for (const [location, more] of [
      ['end_date', { start_date: '2026-01-02', end_date: '2026-01-01' }],
      ['start_date', { start_date: '2026-02-30' }],
      ['status', { status: 'maybe' }],
    ] as const) {
      const refused = await assign(customer.id, id, more);
      expect(refused).toMatchObject({ status: 400, body: { errors: [{ location }] } });
    }
    expect(await boss.call('DELETE', `/packages/${id}`)).toMatchObject({ status: 204 });
    expect(await ana.call('GET', `/packages/${id}`)).toMatchObject({ status: 404 });
  });

  test('a customer has 100 at most, and a deleted one gives them all back', async () => {
    const { id } = await buildPackage();
    const customer = await buildCustomer();
    const answers = await Promise.all(Array.from({ length: 103 }, () => assign(customer.id, id)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(100);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3);
    expect(await boss.call('DELETE', `/customers/${customer.id}`)).toMatchObject({ status: 204 });
    expect(await boss.call('DELETE', `/packages/${id}`)).toMatchObject({ status: 204 });
    expect(await ana.call('GET', `/packages/${id}`)).toMatchObject({ status: 404 });
    expect(await app.ctx.db.assignments.countDocuments({})).toBe(0);
  });
});

test('by role: customers see packages only, agents change customers, ADMIN deletes and sets up', async () => {
  const customer = `/customers/${(await buildCustomer()).id}`;
  const one = await buildPackage();
  const body = { first_name: 'A', last_name: 'B' };
  const cases: [string, string, object | undefined, string][] = [
    // Statuses for a customer, an agent, an administrator.
    ['GET', '/customers', undefined, '403 200 200'],
    ['POST', '/customers', body, '403 201 201'],
    ['GET', customer, undefined, '403 200 200'],
    ['GET', `/customers/${nowhere}`, undefined, '403 404 404'],
    ['PUT', customer, body, '403 200 200'],
    ['PATCH', customer, { city: 'X' }, '403 200 200'],
    ['GET', `${customer}/packages`, undefined, '403 200 200'],
    ['POST', `${customer}/packages`, { package_id: one.id }, '403 201 201'],
    ['DELETE', `${customer}/packages/${nowhere}`, undefined, '403 404 404'],
    ['DELETE', customer, undefined, '403 403 204'],
    ['GET', '/packages', undefined, '200 200 200'],
    ['GET', `/packages/${one.id}`, undefined, '200 200 200'],
    ['POST', '/packages', { name: 'only once', price: 1 }, '403 403 201'],
    ['PUT', `/packages/${one.id}`, { name: 'again', price: 1 }, '403 403 200'],
    ['PATCH', `/packages/${one.id}`, { price: 2 }, '403 403 200'],
    ['DELETE', `/packages/${one.id}`, undefined, '403 403 204'],
  ];
  for (const [method, path, input, expected] of cases) {
    const statuses: number[] = [];
    for (const person of [ana, kim, boss]) {
      statuses.push((await person.call(method, path, input)).status);
    }
    expect([method, path, statuses.join(' ')]).toEqual([method, path, expected]);
  }
});

test('the profile of a ticket is found by id, by the user’s key, and by an e-mail address that is clear', async () => {
  const email = 'same@example.com';
  const one = await buildCustomer({ email: 'Same@example.com', user_id: 'f|1', partner: 'x' });
  const two = await buildCustomer({ email });
  const idOf = async (who: Parameters<typeof findCustomer>[1]) =>
    (await findCustomer(app.ctx, who))?._id.toHexString();
  expect(await idOf({ id: one.id })).toBe(one.id);
  expect(await idOf({ id: nowhere })).toBeUndefined();
  expect(await idOf({ key: 'x|f%7C1' })).toBe(one.id);
  expect(await idOf({ email: 'SAME@example.com', partner: 'x' })).toBe(one.id);
  expect(await idOf({ email })).toBe(two.id);
  expect(await idOf({ email, partner: 'y' })).toBeUndefined();
  expect(await idOf({ email: 'nobody@example.com' })).toBeUndefined();
  expect(await idOf({})).toBeUndefined();
});
