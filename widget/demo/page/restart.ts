import { loadPlaces } from './places.ts';

const LOOK_MS = 2000;

/**
 * Reloads the page once the demo has been started anew: its Discord has forgotten everything, and the
 * page's policy allows connections to the addresses of its own run only.
 */
export function reloadAfterRestart(run: string): void {
  const look = async () => {
    const places = await loadPlaces().catch(() => undefined);
    if (places && places.run !== run) location.reload();
    else setTimeout(() => void look(), LOOK_MS);
  };
  setTimeout(() => void look(), LOOK_MS);
}
