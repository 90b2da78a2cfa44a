import { boundVariables } from './variables/bounds.ts';
import { deploymentVariables } from './variables/deployment.ts';
import { deskVariables } from './variables/desk.ts';
import { discordVariables } from './variables/discord.ts';
import { processVariables } from './variables/process.ts';
import { tokenVariables } from './variables/tokens.ts';

/** Every variable Deskcord reads, in the order of `.env.example`. */
export const variables = {
  ...deploymentVariables,
  ...processVariables,
  ...discordVariables,
  ...tokenVariables,
  ...deskVariables,
  ...boundVariables,
};

export type VariableName = keyof typeof variables;
