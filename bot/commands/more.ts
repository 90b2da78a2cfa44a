import { cardActions } from '../outbound/card/card.ts';
import type { Component, TicketContext, Told } from './command.ts';
import { describeCustomer } from './customer.ts';
import { makeTranscript } from './transcript.ts';
import { askForMember } from './transfer.ts';
import { begin, menuRow } from './verb.ts';
import { verbs } from './verbs.ts';

const menu = 'menu';

interface Entry {
  name: string;
  label: string;
  description: string;
  run(context: TicketContext): Promise<Told>;
}

const ofVerbs = verbs.flatMap((verb): Entry[] => {
  const { name, menu: label, description } = verb;
  return label ? [{ name, label, description, run: (context) => begin(verb, context) }] : [];
});

/** What the menu of the card offers: everything that has no button of its own. */
const entries: readonly Entry[] = [
  ...ofVerbs,
  {
    name: 'transfer',
    label: 'Transfer',
    description: 'Give this ticket to somebody else of the staff',
    run: async (context) => askForMember(context),
  },
  {
    name: 'customer',
    label: 'Customer',
    description: 'Who they are, and their other tickets',
    run: (context) => describeCustomer(context, context.ticketId),
  },
  {
    name: 'transcript',
    label: 'Transcript',
    description: 'What was said up to now, for you alone',
    run: (context) => makeTranscript(context),
  },
];

/** The button of the card that shows the menu, and the menu. */
export const moreComponents: readonly Component[] = [
  {
    kind: 'action',
    name: cardActions.more,
    scope: 'ticket',
    needs: 'staff',
    async run({ ticketId }) {
      const options = entries.map(({ name, label, description }) => ({
        name: label,
        value: name,
        description,
      }));
      const row = menuRow(`${menu}:${ticketId}`, 'What is to be done', options);
      return { content: 'Only you see this.', components: [row] };
    },
  },
  {
    kind: 'action',
    name: menu,
    scope: 'ticket',
    needs: 'staff',
    inOrder: true,
    inPlace: true,
    async run(context, interaction) {
      const [chosen] = interaction.isStringSelectMenu() ? interaction.values : [];
      const entry = entries.find(({ name }) => name === chosen);
      return entry ? entry.run(context) : 'There is no such entry any more.';
    },
  },
];
