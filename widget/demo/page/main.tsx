import { render } from 'preact';
import { DiscordPane } from './discord/discord-pane.tsx';
import { loadPlaces, type Places } from './places.ts';
import { reloadAfterRestart } from './restart.ts';

function Page({ places }: { places: Places }) {
  return (
    <>
      <header class="page-header">
        <h1>Deskcord</h1>
        <p>
          Be the customer of the shop and the support team in Discord. Server, bot and messages are
          real; only Discord is a look-alike on your machine.
        </p>
      </header>
      <main>
        <iframe class="shop" src="/shop" title="The customer's page" />
        <DiscordPane places={places} />
      </main>
    </>
  );
}

/** The address is printed when everything is up; a page opened earlier waits for it. */
async function start(root: HTMLElement): Promise<void> {
  try {
    const places = await loadPlaces();
    render(<Page places={places} />, root);
    reloadAfterRestart(places.run);
  } catch {
    root.textContent = 'The demo is not ready yet. Trying again…';
    setTimeout(() => void start(root), 1000);
  }
}

const root = document.querySelector<HTMLElement>('#app');
if (root) void start(root);
