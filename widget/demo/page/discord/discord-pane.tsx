import { useEffect, useState } from 'preact/hooks';
import { useChanges } from '../../../src/chat/listeners.ts';
import type { Places, StaffMember } from '../places.ts';
import { ChannelView } from './channel-view.tsx';
import { ModalForm } from './modal-form.tsx';
import { ServerView } from './server-view.ts';
import { Sidebar } from './sidebar.tsx';

/** Discord as one of the support team sees it, over Discord's own API and gateway. */
export function DiscordPane({ places }: { places: Places }) {
  const [first] = places.staff;
  const [me, setMe] = useState<StaffMember | undefined>(first);
  const [view, setView] = useState<ServerView>();
  useEffect(() => {
    if (!me) return;
    const next = new ServerView(places, me);
    setView(next);
    return () => next.close();
  }, [places, me]);
  if (!view || !me) return <section class="discord" aria-label="Discord" />;
  const choose = (id: string) => setMe(places.staff.find((one) => one.id === id));
  return <Server key={me.id} view={view} places={places} onChoose={choose} />;
}

function Server(props: { view: ServerView; places: Places; onChoose: (id: string) => void }) {
  const { view, places, onChoose } = props;
  useChanges(view);
  return (
    <section class="discord" aria-label="Discord">
      <Sidebar view={view} staff={places.staff} onChoose={onChoose} />
      <ChannelView view={view} />
      {view.modal && <ModalForm key={view.modal.id} view={view} modal={view.modal} />}
    </section>
  );
}
