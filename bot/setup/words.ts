import { type GuildPart, purposeOf } from '../guilds/guild-parts.ts';
import type { Applied } from './apply.ts';
import { isSettled, type Step } from './plan.ts';

/** How Discord shows something by its id. */
function mention(part: GuildPart, id: string): string {
  return part.kind === 'role' ? `<@&${id}>` : `<#${id}>`;
}

/** One line for what is done about a part, or will be. */
export function lineOf(step: Step): string {
  const { part } = step;
  const what = purposeOf(part);
  switch (step.does) {
    case 'keep': {
      const source = step.from === 'environment' ? `${part.variable} in the environment` : '/setup';
      return `✅ ${what} is ${mention(part, step.id)} (from ${source})`;
    }
    case 'wrong':
      return `❌ ${what}: ${part.variable} in the environment names none of this server, and it wins: correct it, or remove it there, and restart`;
    case 'adopt': {
      const why = step.why === 'chosen' ? 'as chosen' : 'by its name';
      const staff = part.kind === 'role' ? '; its members become staff' : '';
      return `🔗 ${what} becomes ${mention(part, step.id)} (${why}${staff})`;
    }
    default: {
      const why = step.beside ? ' (the one that is there is read by everybody)' : '';
      return `🆕 ${what} is made: ${part.name}${why}`;
    }
  }
}

/** The plan in words, and whether there is anything to do. */
export function describePlan(steps: readonly Step[]): { content: string; isIdle: boolean } {
  const isIdle = steps.every(isSettled);
  const isWrong = steps.some(({ does }) => does === 'wrong');
  const head = isIdle
    ? isWrong
      ? '**/setup** has nothing to do here, but the environment has to be mended:'
      : '**/setup** has nothing to do: all is there.'
    : '**/setup** would do this. Nothing is changed until you press Apply.';
  const foot = isIdle ? [] : ['-# New categories and the channel are closed to @everyone.'];
  return { content: [head, ...steps.map(lineOf), ...foot].join('\n'), isIdle };
}

/** What was done, in words. */
export function describeApplied({ done, failure }: Applied): string {
  const lines = done.map((step) => lineOf(step));
  if (failure) {
    const head = `Not finished: ${failure}. Run /setup again: it goes on from here.`;
    return [head, ...lines].join('\n');
  }
  if (lines.length === 0) return 'There was nothing to do: all is there.';
  return [
    'Done. Tickets that waited get their channels now. /doctor looks at it all, /practice opens a ticket to try it with.',
    ...lines,
  ].join('\n');
}
