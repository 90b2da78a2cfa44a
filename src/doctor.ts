import { type Config, readConfig } from './config.ts';
import { ConfigError, loadEnvironment } from './environment.ts';
import { refuseArguments } from './no-arguments.ts';

/** `npm run doctor`: looks at all that Deskcord stands on, a line for each; exits with 1 where one is red. */

const usage = `npm run doctor

Looks at all that Deskcord stands on, by the environment and .env, and changes nothing. It takes no arguments.`;

function readConfigOrExit(): Config {
  try {
    return readConfig(loadEnvironment());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`BAD   configuration: ${error.message}`);
    process.exit(2);
  }
}

refuseArguments(usage);
const config = readConfigOrExit();
for (const notice of config.notices) console.log(`note  ${notice}`);
if (!config.discord) {
  console.log('note  no bot runs with these ROLES and DISCORD_BOT_TOKEN: Discord is not looked at');
}
const { sentenceOf } = await import('../bot/checks.ts');
const { examineAll } = await import('./self-examination.ts');
const checks = await examineAll(config);
for (const check of checks) {
  console.log(`${check.ok ? 'ok   ' : 'BAD  '} ${check.name}: ${sentenceOf(check)}`);
}
const wrong = checks.filter(({ ok }) => !ok).length;
console.log(wrong === 0 ? 'All is well.' : `${wrong} to mend.`);
process.exit(wrong === 0 ? 0 : 1);
