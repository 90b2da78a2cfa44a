import { acceptScenarios } from './accept.ts';
import { bridgeScenario } from './bridge.ts';
import { catchUpScenario } from './catch-up.ts';
import { costsScenario } from './costs.ts';
import { connectsScenario, fanOutScenario, memoryScenario, stormScenario } from './crowds.ts';
import { deskScenario } from './desk.ts';
import { headroomScenario } from './headroom.ts';
import { latencyScenario, twoNodesScenario } from './latency.ts';
import { scaleScenario } from './scale.ts';
import type { Scenario } from './scenario.ts';
import { searchScenario } from './search.ts';
import { ticketsScenario } from './tickets.ts';
import { widgetScenario } from './widget.ts';
import { workerScenario } from './worker.ts';

/** In the order they run. */
export const scenarios: readonly Scenario[] = [
  headroomScenario,
  ...acceptScenarios,
  latencyScenario,
  fanOutScenario,
  memoryScenario,
  connectsScenario,
  stormScenario,
  catchUpScenario,
  twoNodesScenario,
  costsScenario,
  bridgeScenario,
  ticketsScenario,
  deskScenario,
  searchScenario,
  widgetScenario,
  workerScenario,
  scaleScenario,
];
