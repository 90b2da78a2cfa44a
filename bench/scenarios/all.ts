import { acceptScenarios } from './accept.ts';
import { bridgeScenario } from './bridge.ts';
import { catchUpScenario } from './catch-up.ts';
import { costsScenario } from './costs.ts';
import { fanOutScenario, memoryScenario, stormScenario } from './crowds.ts';
import { flatScenarios } from './flat.ts';
import { headroomScenario } from './headroom.ts';
import { latencyScenario, ownLoadScenario, twoNodesScenario } from './latency.ts';
import { scaleScenario } from './scale.ts';
import type { Scenario } from './scenario.ts';

/** In the order they run: later ones take their rates from what earlier ones found. */
export const scenarios: readonly Scenario[] = [
  headroomScenario,
  ...acceptScenarios,
  latencyScenario,
  ownLoadScenario,
  fanOutScenario,
  memoryScenario,
  stormScenario,
  catchUpScenario,
  twoNodesScenario,
  costsScenario,
  bridgeScenario,
  ...flatScenarios,
  scaleScenario,
];
