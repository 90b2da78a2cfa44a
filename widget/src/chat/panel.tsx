import { useEffect, useRef } from 'preact/hooks';
import { Banner } from './banner.tsx';
import { ChatScreen } from './chat-screen.tsx';
import { BLANK } from './conversation.ts';
import type { Desk } from './desk.ts';
import { HomeScreen } from './home-screen.tsx';
import { IconButton } from './icons.tsx';
import { useChanges } from './listeners.ts';
import { useSmallScreen } from './phone.ts';
import type { Session } from './session.ts';

/** Everything that opens: header, screen, and what lies over them. */
export function Panel({ desk }: { desk: Desk }) {
  useChanges(desk);
  const panel = useRef<HTMLElement>(null);
  const isSmall = useSmallScreen(desk);
  const { session, words, isOpen, options, layers } = desk;
  const { overlays, menu, question } = layers;
  const { say } = words;
  useFocus(desk, panel);
  const isOnline = session?.client.connection.state === 'online';
  useEffect(() => {
    if (isOpen) layers.preload();
  }, [isOpen, isOnline]);
  if (!isOpen) return <Announcer desk={desk} />;
  const isPage = options.mode === 'page';
  const isModal = isSmall && !isPage;
  const conversation = session?.current;
  return (
    <>
      <section
        ref={panel}
        class="panel"
        role="dialog"
        aria-modal={isModal}
        aria-label={options.title ?? say('title')}
        dir={words.direction}
        lang={words.locale}
        tabIndex={-1}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && !isPage) {
            event.stopPropagation();
            desk.close();
          }
          if (event.key === 'Tab' && isModal) keepInside(event, panel.current);
        }}
      >
        <Header desk={desk} session={session} />
        <Banner desk={desk} />
        {session && !conversation && <HomeScreen desk={desk} session={session} />}
        {session && conversation && <ChatScreen {...{ desk, session, conversation }} />}
        {!session && <NoSession desk={desk} />}
        {overlays && menu && <overlays.Menu desk={desk} menu={menu} />}
        {overlays && question && <overlays.Question desk={desk} asked={question} />}
      </section>
      <Announcer desk={desk} />
    </>
  );
}

function Header({ desk, session }: { desk: Desk; session: Session | undefined }) {
  const { options, words } = desk;
  const { say } = words;
  const conversation = session?.current;
  const title = options.title ?? say('title');
  const isHome = !conversation;
  // The one that is shown is in it, also before it is known.
  const hasList =
    conversation?.ticket || session?.tickets?.length || session?.client.newTickets.length;
  const { service } = desk.layers;
  const topic = conversation?.ticket?.topic ?? conversation?.pending?.topic;
  // The line has its height before it is known what stands in it.
  const otherwise = topic ? title : '\u00a0';
  const status = service && session && <service.Status {...{ desk, session, otherwise }} />;
  return (
    <header class={isHome ? 'header wide' : 'header'}>
      <div class="header-line">
        {conversation && hasList ? (
          <IconButton
            icon="back"
            flip
            label={say('back')}
            onClick={() => session?.show(undefined)}
          />
        ) : options.logo ? (
          <img class="logo" src={options.logo} alt="" />
        ) : null}
        <div class="titles">
          <h2 dir="auto">{topic ?? title}</h2>
          {conversation && (
            <p>
              {conversation.ticket && (
                <>
                  <bdi>#{conversation.ticket.number}</bdi> ·{' '}
                </>
              )}
              {status ?? <bdi>{otherwise}</bdi>}
            </p>
          )}
        </div>
        {session && (
          <IconButton
            icon="more"
            label={say('more')}
            onClick={({ currentTarget }) =>
              desk.showMenu(currentTarget, ({ headerMenu }) => headerMenu(desk, conversation))
            }
          />
        )}
        {options.mode !== 'page' && (
          <IconButton icon="close" label={say('close')} onClick={() => desk.close()} />
        )}
      </div>
      {isHome && (
        <>
          <p class="greeting" dir="auto">
            {options.greeting ?? say('greeting')}
          </p>
          <div class="status-line">
            {status}
            {service && session && <service.ReplyTime desk={desk} session={session} />}
          </div>
        </>
      )}
    </header>
  );
}

function NoSession({ desk }: { desk: Desk }) {
  const { say } = desk.words;
  const text = desk.trouble
    ? say(desk.trouble === 'signedOut' ? 'signIn' : 'noToken')
    : say('connecting');
  return (
    <div class="screen no-session" role="status">
      {!desk.trouble && <span class="spinner" aria-hidden="true" />}
      <p>{text}</p>
      {desk.trouble && (
        <button type="button" class="plain" onClick={() => void desk.start()}>
          {say('tryNow')}
        </button>
      )}
    </div>
  );
}

/** Says what is new to those who hear the chat: one line, not the whole history. */
function Announcer({ desk }: { desk: Desk }) {
  const { text, number } = desk.announcement;
  return (
    <div class="sr-only" role="status" aria-live="polite">
      <span key={number}>{text}</span>
    </div>
  );
}

/** Where a chat fills the screen, the keyboard stays in it. */
function keepInside(event: KeyboardEvent, panel: HTMLElement | null): void {
  const all = [
    ...(panel?.querySelectorAll<HTMLElement>(
      'button:not(:disabled), a[href], textarea, [tabindex="0"]',
    ) ?? []),
  ].filter((element) => element.offsetParent !== null);
  const root = panel?.getRootNode() as ShadowRoot;
  const [first, last] = [all[0], all.at(-1)];
  const at = root.activeElement;
  if (event.shiftKey ? at === first || at === panel : at === last) {
    event.preventDefault();
    (event.shiftKey ? last : first)?.focus();
  }
}

/** The focus goes into the chat with its opening and with every change of the screen, and back out. */
function useFocus(desk: Desk, panel: { current: HTMLElement | null }): void {
  const { isOpen, session } = desk;
  const place = session?.current ? 'chat' : session ? 'home' : 'none';
  const wasOpen = useRef(false);
  useEffect(() => {
    const element = panel.current;
    if (isOpen && element) {
      const field = element.querySelector<HTMLElement>('.composer textarea');
      const isTouch = matchMedia('(pointer: coarse)').matches;
      // A keyboard that opens by itself would hide what there is to read.
      if (field && !(isTouch && session?.current?.id !== BLANK)) field.focus();
      else
        (
          element.querySelector<HTMLElement>('.tickets button, .home-foot button') ?? element
        ).focus();
    }
    if (!isOpen && wasOpen.current) {
      const { shadow } = desk.environment;
      const isOurs = shadow.activeElement !== null || document.activeElement === document.body;
      if (isOurs) shadow.querySelector<HTMLElement>('.launcher')?.focus();
    }
    wasOpen.current = isOpen;
  }, [isOpen, place]);
}
