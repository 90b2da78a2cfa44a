import { openPractice } from '../../src/domain/practice/practice.ts';
import { practiceKey } from '../../src/domain/practice/practice-key.ts';
import type { Bridge } from '../bridge.ts';
import type { CommandModule } from './command.ts';
import { offered } from './options.ts';
import { wayTo } from './ticket-lines.ts';

const LOOKS = 20;
const EVERY_MS = 250;

/** The ticket's channel, as soon as it is there; undefined where that takes long. */
async function channelOf({ tickets }: Bridge, id: string): Promise<string | undefined> {
  for (let look = 0; look < LOOKS && !tickets.channelOf(id); look++) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS).unref());
  }
  return tickets.channelOf(id);
}

export const practice: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'practice',
      description: 'Open a ticket to practise in: its customer is not real, and answers',
    },
    async run({ bridge, actor }) {
      // Where they are is where they practise, whatever the routes say.
      const { practising } = bridge.guilds;
      practising.set(practiceKey(actor.key), bridge.settings.guildId);
      const { id, number, isNew } = await openPractice(bridge.ctx, actor);
      const channel = await channelOf(bridge, id);
      const where = channel
        ? wayTo(bridge, id, channel)
        : `ticket #${number}, whose channel is coming`;
      return isNew
        ? `Write to Pat in ${where}. Nobody real reads it, and no number counts it; /close ends it.`
        : `You have one open already: ${where}. /close ends it.`;
    },
  },
};
