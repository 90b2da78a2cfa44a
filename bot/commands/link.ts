import { ApplicationCommandOptionType } from 'discord.js';
import { redeemLinkCode } from '../../src/domain/agents/link.ts';
import type { CommandModule } from './command.ts';
import { offered } from './options.ts';

export const link: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    data: {
      ...offered,
      name: 'link',
      description: 'Say who you are outside Discord, with a code from there',
      options: [
        {
          type: ApplicationCommandOptionType.String,
          name: 'code',
          description: 'The eight characters; they hold for ten minutes',
          required: true,
          max_length: 20,
        },
      ],
    },
    async run({ bridge, actor, skills }, command) {
      const code = command.options.getString('code', true);
      const agent = await redeemLinkCode(bridge.ctx, actor, code, skills);
      return `You and ${agent.name} are one person now: what is assigned to either of you is yours.`;
    },
  },
};
