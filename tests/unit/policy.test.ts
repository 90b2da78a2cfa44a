import { describe, expect, test } from '@jest/globals';
import type { UserRole } from '../../src/contract/identity.ts';
import { type Actor, isStaffKey, sideOf, userKey } from '../../src/domain/access/actor.ts';
import {
  type Action,
  actions,
  can,
  type PolicySettings,
  requireRight,
  visibleTickets,
} from '../../src/domain/access/policy.ts';

const settings: PolicySettings = {
  customerMaySetLevel: false,
  agentSees: 'all',
  agentMayAssign: false,
};

function person(role: UserRole, id: string = role): Actor {
  const key = userKey(sideOf(role), id);
  return { key, id, username: id, email: null, role, origin: 'web' };
}

/** Verdicts on (own, another's, missing) ticket: a allow, f forbidden, m missing. */
function verdicts(actor: Actor, action: Action, author?: string): string {
  const targets = [{ owner: actor.key }, { owner: 'somebody' }, null];
  return targets
    .map((target) => target && { ...target, ...(author && { author }) })
    .map((target) => can(actor, action, target, settings)[0])
    .join('');
}

const table: Record<Action, { customer: string; staff: string; admin?: string }> = {
  open_ticket: { customer: 'amm', staff: 'aam' },
  read_ticket: { customer: 'amm', staff: 'aam' },
  send_message: { customer: 'amm', staff: 'aam' },
  edit_message: { customer: 'fmm', staff: 'ffm' },
  delete_message: { customer: 'fmm', staff: 'aam' },
  react: { customer: 'amm', staff: 'aam' },
  upload_file: { customer: 'amm', staff: 'aam' },
  signal: { customer: 'amm', staff: 'aam' },
  close_ticket: { customer: 'amm', staff: 'aam' },
  close_silently: { customer: 'fmm', staff: 'aam' },
  request_closing: { customer: 'fmm', staff: 'aam' },
  answer_closing: { customer: 'amm', staff: 'afm' },
  change_topic: { customer: 'amm', staff: 'aam' },
  set_level: { customer: 'fmm', staff: 'aam' },
  assign_ticket: { customer: 'fmm', staff: 'aam' },
  subscribe: { customer: 'fmm', staff: 'aam' },
  unsubscribe: { customer: 'fmm', staff: 'aam' },
  read_internal: { customer: 'fmm', staff: 'aam' },
  write_internal: { customer: 'fmm', staff: 'aam' },
  see_mirror_state: { customer: 'fmm', staff: 'aam' },
  assign_to_others: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  decide_approval: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  set_status: { customer: 'fmm', staff: 'aam' },
  set_priority: { customer: 'fmm', staff: 'aam' },
  categorize: { customer: 'fmm', staff: 'aam' },
  schedule_date: { customer: 'amm', staff: 'aam' },
  tag_ticket: { customer: 'fmm', staff: 'aam' },
  snooze_ticket: { customer: 'fmm', staff: 'aam' },
  acknowledge_escalation: { customer: 'fmm', staff: 'aam' },
  claim_ticket: { customer: 'fmm', staff: 'aam' },
  withdraw_ticket: { customer: 'amm', staff: 'afm', admin: 'aam' },
  reopen_ticket: { customer: 'amm', staff: 'aam' },
  rate_ticket: { customer: 'amm', staff: 'afm' },
  read_transcript: { customer: 'amm', staff: 'aam' },
  read_history: { customer: 'amm', staff: 'aam' },
  delete_ticket: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  erase_customer: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  export_own_data: { customer: 'amm', staff: 'aam' },
  export_customer: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  read_catalogue: { customer: 'amm', staff: 'aam' },
  write_catalogue: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  read_packages: { customer: 'amm', staff: 'aam' },
  write_packages: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  use_customers: { customer: 'fmm', staff: 'aam' },
  delete_customer: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  use_canned_replies: { customer: 'fmm', staff: 'aam' },
  delete_canned_reply: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  see_agents: { customer: 'fmm', staff: 'aam' },
  block_customers: { customer: 'fmm', staff: 'aam' },
  read_own_reports: { customer: 'fmm', staff: 'aam' },
  read_all_reports: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  set_calendar: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
  set_digest: { customer: 'fmm', staff: 'ffm', admin: 'aam' },
};

describe('the policy table', () => {
  test.each(actions)("%s: customers on their own ticket only, staff on everybody's", (action) => {
    for (const role of ['TEMP_USER', 'CUSTOMER'] as const) {
      expect(verdicts(person(role), action)).toBe(table[action].customer);
    }
    for (const role of ['AGENT', 'ADMIN'] as const) {
      const { staff, admin = staff } = table[action];
      expect(verdicts(person(role), action)).toBe(role === 'ADMIN' ? admin : staff);
    }
  });

  test('the author of a message may edit and delete it, where they see the ticket', () => {
    const ana = person('CUSTOMER');
    const kim = person('AGENT');
    for (const action of ['edit_message', 'delete_message'] as const) {
      expect(verdicts(ana, action, ana.key)).toBe('amm');
      expect(verdicts(kim, action, kim.key)).toBe('aam');
    }
    expect(verdicts(kim, 'edit_message', ana.key)).toBe('ffm');
  });

  test('customers set levels where the operator lets them, on their own ticket only', () => {
    const ana = person('CUSTOMER');
    const open = { ...settings, customerMaySetLevel: true };
    expect(can(ana, 'set_level', { owner: ana.key }, open)).toBe('allow');
    expect(can(ana, 'set_level', { owner: 'x' }, open)).toBe('missing');
    expect(can(ana, 'assign_ticket', { owner: ana.key }, open)).toBe('forbidden');
  });

  test('a missing ticket and one of somebody else are refused with the same error', () => {
    const refusal = (target: { owner: string } | null) => {
      try {
        requireRight(settings, person('CUSTOMER'), 'assign_ticket', target);
      } catch (error) {
        return error;
      }
      throw new Error('it was allowed');
    };
    expect(refusal(null)).toEqual(refusal({ owner: 'x' }));
    expect(refusal(null)).toMatchObject({ code: 'NOT_FOUND', message: 'ticket not found' });
  });

  test('what concerns no single ticket goes by the role alone', () => {
    expect(can(person('CUSTOMER'), 'subscribe', undefined, settings)).toBe('forbidden');
    expect(can(person('AGENT'), 'subscribe', undefined, settings)).toBe('allow');
    expect(can(person('TEMP_USER'), 'open_ticket', undefined, settings)).toBe('allow');
  });

  test('lists are filtered by the same rule', () => {
    const ana = person('CUSTOMER');
    expect(visibleTickets(ana, settings)).toEqual({ owner: ana.key });
    expect(visibleTickets(person('ADMIN'), settings)).toEqual({});
  });

  test('agents who see assigned tickets only see no other, and managers and ADMIN all of them', () => {
    const assigned = { ...settings, agentSees: 'assigned' as const };
    const kim = person('AGENT');
    const theirs = { owner: 'x', assignee: { key: kim.key } };
    const others = { owner: 'x', assignee: { key: 'y' } };
    expect(can(kim, 'send_message', theirs, assigned)).toBe('allow');
    expect(can(kim, 'send_message', others, assigned)).toBe('missing');
    expect(can(kim, 'send_message', { owner: 'x' }, assigned)).toBe('missing');
    expect(can(kim, 'send_message', { owner: kim.key }, assigned)).toBe('allow');
    expect(visibleTickets(kim, assigned)).toEqual({ 'assignee.key': kim.key });
    for (const other of [{ ...kim, manages: true }, person('ADMIN')]) {
      expect(can(other, 'send_message', others, assigned)).toBe('allow');
      expect(visibleTickets(other, assigned)).toEqual({});
    }
  });

  test('who manages, or whom the operator lets, assigns to others and approves', () => {
    const kim = person('AGENT');
    for (const action of ['assign_to_others', 'decide_approval'] as const) {
      const target = { owner: 'x' };
      expect(can(kim, action, target, settings)).toBe('forbidden');
      expect(can({ ...kim, manages: true }, action, target, settings)).toBe('allow');
      expect(can(kim, action, target, { ...settings, agentMayAssign: true })).toBe('allow');
      const ana = person('CUSTOMER');
      expect(can({ ...ana, manages: true }, action, { owner: ana.key }, settings)).toBe(
        'forbidden',
      );
    }
  });
});

describe('keys of people', () => {
  test('customers keep id or issuer|id; staff have their side in it', () => {
    expect(userKey('customer', '42')).toBe('42');
    expect(userKey('customer', '42', 'shop')).toBe('shop|42');
    expect(userKey('staff', '42')).toBe('staff||42');
    expect(userKey('staff', '42', 'shop')).toBe('staff|shop|42');
  });

  test('a guest and a customer of one issuer with one id are one person, staff another', () => {
    expect(sideOf('TEMP_USER')).toBe(sideOf('CUSTOMER'));
    expect(sideOf('AGENT')).toBe(sideOf('ADMIN'));
    expect(userKey('customer', '1')).not.toBe(userKey('staff', '1'));
  });

  test('no id and no issuer makes the key of somebody else', () => {
    const parts = ['', 'a', '|', '||', '%', '%7C', 'staff', 'staff|', 'staff||a', 'discord|a'];
    const keys = new Map<string, string>();
    for (const side of ['customer', 'staff'] as const) {
      for (const issuer of parts) {
        for (const id of parts.filter(Boolean)) {
          const key = userKey(side, id, issuer);
          const who = JSON.stringify([side, issuer, id]);
          expect(keys.get(key) ?? who).toBe(who);
          keys.set(key, who);
          expect(isStaffKey(key)).toBe(side === 'staff');
        }
      }
    }
  });
});
