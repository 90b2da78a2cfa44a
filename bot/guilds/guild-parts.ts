import type { IssueLevel, SupportRole } from '../../src/contract/tickets.ts';
import type { VariableName } from '../../src/variables.ts';

interface Part<N extends VariableName> {
  /** The variable that names it in the environment, and its key among the stored ids. */
  variable: N;
  /** What it is called where `/setup` makes it, and by which one that is there already is found. */
  name: string;
}

export type RolePart = Part<VariableName> & { kind: 'role'; role: SupportRole };
export type CategoryPart = Part<VariableName> & { kind: 'category'; level: IssueLevel };
export type TranscriptsPart = Part<VariableName> & { kind: 'transcripts' };

/** Something of the guild that the bridge knows by its id. */
export type GuildPart = RolePart | CategoryPart | TranscriptsPart;

export const roleParts: readonly RolePart[] = [
  { kind: 'role', role: 'ADMIN', variable: 'ADMIN_ROLE_ID', name: 'Admin' },
  { kind: 'role', role: 'MANAGER', variable: 'MANAGER_ROLE_ID', name: 'Manager' },
  { kind: 'role', role: 'TECHNICAL', variable: 'DEVELOPER_ROLE_ID', name: 'Developer' },
  { kind: 'role', role: 'GENERAL', variable: 'SUPPORT_TEAM_ROLE_ID', name: 'Support Team' },
];

export const categoryParts: readonly CategoryPart[] = [
  { kind: 'category', level: 'NORMAL', variable: 'GENERAL_TICKET_CATEGORY_ID', name: 'Normal' },
  { kind: 'category', level: 'URGENT', variable: 'URGENT_TICKET_CATEGORY_ID', name: 'Urgent' },
  {
    kind: 'category',
    level: 'CRITICAL',
    variable: 'CRITICAL_TICKET_CATEGORY_ID',
    name: 'Critical',
  },
];

export const transcriptsPart: TranscriptsPart = {
  kind: 'transcripts',
  variable: 'TRANSCRIPT_CHANNEL_ID',
  name: 'transcripts',
};

/** In the order in which they are made: the overwrites of the channels name the roles. */
export const guildParts: readonly GuildPart[] = [...roleParts, ...categoryParts, transcriptsPart];

/** What a part is for, in a word or two. */
export function purposeOf(part: GuildPart): string {
  if (part.kind === 'role') return `the role for ${part.role}`;
  return part.kind === 'category'
    ? `the category for ${part.level}`
    : 'the channel for transcripts';
}
