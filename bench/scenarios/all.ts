import { acceptScenarios } from './accept.ts';
import type { Scenario } from './scenario.ts';

/** In the order they run: later ones take their rates from what earlier ones found. */
export const scenarios: readonly Scenario[] = [...acceptScenarios];
