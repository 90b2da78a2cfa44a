import type { UserRole } from '../../contract/identity.ts';
import type { SupportRole } from '../../contract/tickets.ts';
import type { AgentRow } from '../../models/agent.ts';

/** Somebody of the staff, as other parts of the desk know them; what a ticket is assigned to. */
export interface Agent {
  /** That of their tokens, or else that in Discord. */
  id: string;
  /** The key of that identity. */
  key: string;
  name: string;
  role: UserRole;
  /** Support roles; none means that all of them fit. */
  skills: readonly SupportRole[];
  /** Of all their identities: whoever acts with one of them is this person. */
  keys: readonly string[];
}

const roleOf = ({ web, discord }: AgentRow): UserRole =>
  web?.role === 'ADMIN' || discord?.role === 'ADMIN' ? 'ADMIN' : 'AGENT';

const identitiesOf = ({ web, discord }: AgentRow) =>
  [web, discord].filter((identity) => identity !== undefined);

export const keysOf = (row: AgentRow): string[] => identitiesOf(row).map(({ key }) => key);

export function toAgent(row: AgentRow): Agent {
  const [first] = identitiesOf(row);
  return {
    id: first?.id ?? '',
    key: first?.key ?? '',
    name: row.name ?? first?.name ?? '',
    role: roleOf(row),
    skills: row.skills ?? row.discord?.skills ?? [],
    keys: keysOf(row),
  };
}

/** Somebody without any skill fits every support role. */
export function fits({ skills }: Pick<Agent, 'skills'>, role: SupportRole): boolean {
  return skills.length === 0 || skills.includes(role);
}
