import type { WebStorage } from '../../../client/storage.ts';

const SOUND_MARK = 'deskcord/sounded';

/** Two soft notes, made on the spot: no file to load. */
function playNotes(context: AudioContext): void {
  for (const [index, pitch] of [659, 880].entries()) {
    const start = context.currentTime + index * 0.11;
    const [tone, volume] = [context.createOscillator(), context.createGain()];
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.32);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.34);
  }
}

let audio: AudioContext | undefined;

/** So long a tab waits in milliseconds for another to say that somebody reads the message there. */
const WATCHED_WITHIN_MS = 250;

/**
 * Several tabs hear of the same message: one of them sounds, and none where it is read in one.
 * @param mark of the message
 * @param watched it is read in this tab
 */
export async function sound(mark: string, shared: WebStorage, watched: boolean): Promise<void> {
  if (!watched) await new Promise((resolve) => setTimeout(resolve, WATCHED_WITHIN_MS));
  const play = () => {
    // Ids grow: a tab that is behind does not sound what another has left behind already.
    if ((shared.getItem(SOUND_MARK) ?? '') >= mark) return;
    shared.setItem(SOUND_MARK, mark);
    if (watched) return;
    audio ??= new AudioContext();
    if (audio.state === 'running') playNotes(audio);
    else void audio.resume().then(() => audio && playNotes(audio));
  };
  if (navigator.locks) await navigator.locks.request(SOUND_MARK, play);
  else play();
}

/** Says it on the desktop, where the person has allowed that and does not look at the page. */
export function notifyDesktop(title: string, body: string, tag: string, onClick: () => void): void {
  if (!document.hidden || !('Notification' in window) || Notification.permission !== 'granted')
    return;
  try {
    // The same tag replaces, so that several tabs show one.
    const notification = new Notification(title, { body, tag: `deskcord-${tag}` });
    notification.onclick = () => {
      window.focus();
      notification.close();
      onClick();
    };
  } catch {
    // Some browsers on phones have the class and refuse to make one.
  }
}
