import { isPending } from '../../../client/new-tickets.ts';
import type { OutboxStorage } from '../../../client/storage.ts';
import { BLANK } from './conversation.ts';
import { Draft, isEmpty, textOf, unsentOf } from './draft.ts';
import { fingerprint } from './keeper.ts';
import type { Session } from './session.ts';

/** Texts of which it is remembered that they stand on the blank page. */
const MOVED_KEPT = 50;
/** What one tab stores is there for the others after a moment, in milliseconds. */
const SETTLE_MS = 50;

/**
 * Tickets that were deleted, whether or not somebody listened then: nothing of them is shown or counted,
 * and what was not sent goes onto the blank page.
 */
export class GoneTickets {
  /** What to say of it, on the list and the blank page. */
  notice: 'gone' | 'goneKept' | undefined;
  readonly #session: Session;
  readonly #storage: OutboxStorage;
  readonly #known = new Set<string>();
  /** What this page has moved, whether or not the storage had room for it. */
  readonly #movedHere = new Set<string>();
  /** What was being written in each: what was sent before stands above it. */
  readonly #tails = new Map<string, string>();
  #saving: Promise<void> = Promise.resolve();

  constructor(session: Session, storage: OutboxStorage) {
    this.#session = session;
    this.#storage = storage;
  }

  /** The tickets that something on this machine is about. */
  heardOf(): Set<string> {
    const { list, states, kept, client, current } = this.#session;
    const all = [
      ...(list.all ?? []).map(({ id }) => id),
      ...states.ids,
      ...kept.names('draft/').map((name) => name.slice('draft/'.length)),
      ...client.outboxTickets,
      current?.id ?? BLANK,
    ];
    return new Set(all.filter((id) => id !== BLANK && !isPending(id)));
  }

  /** A ticket is not there any more. What is refused only later comes here again. */
  add(id: string): void {
    const { client, current, kept, list, states } = this.#session;
    states.forget(id);
    list.remove(id);
    kept.set(`rating/${id}`, undefined);
    const draft = current?.id === id ? current.draft : new Draft(kept, client.blobs, id);
    const isKept = this.#moveDraft(id, draft) || client.outbox(id).length > 0 || this.#hasMoved(id);
    if (isKept || !this.#known.has(id)) this.notice = isKept ? 'goneKept' : 'gone';
    this.#known.add(id);
    if (current?.id === id) {
      const isAlone = list.all?.length === 0 && client.newTickets.length === 0;
      this.#session.show(isKept || isAlone ? BLANK : undefined);
    }
    this.#saving = this.#saving.then(() => this.#moveOutbox(id)).catch(() => {});
    this.#session.tell();
  }

  /** Another screen is shown: what was said has been read by whoever goes on with a conversation. */
  leave(from: string | undefined, to: string | undefined): void {
    const isSaid = (id: string | undefined) => id === undefined || id === BLANK;
    if (isSaid(from) && !isSaid(to)) this.notice = undefined;
  }

  dismiss(): void {
    this.notice = undefined;
    this.#session.tell();
  }

  /**
   * At once, or a key that is pressed meanwhile would be lost. What another tab has moved is not moved again; what
   * the storage has no room for stays where it is as well.
   * @returns whether there was anything
   */
  #moveDraft(id: string, draft: Draft): boolean {
    const unsent = unsentOf(draft.state);
    const hasUnsent = !isEmpty(unsent);
    if (hasUnsent) {
      const mark = `${id}/${fingerprint(JSON.stringify(unsent))}`;
      if (this.#movedHere.has(mark)) return true;
      this.#session.blank.reload();
      if (!this.#moved.includes(mark)) {
        this.#tails.set(id, textOf(unsent));
        if (!this.#remember(mark, this.#session.blank.add(unsent))) return true;
      }
    }
    draft.take();
    return hasUnsent;
  }

  /** One tab after the other: where several have the same message, the first one writes it down. */
  async #moveOutbox(id: string): Promise<void> {
    const { client, kept, tell } = this.#session;
    const work = async () => {
      for (const { client_id, content, state, uploads = [] } of client.outbox(id)) {
        const mark = `${id}/${client_id}`;
        if (state !== 'failed' || kept.isClosed || this.#movedHere.has(mark)) continue;
        if (!this.#moved.includes(mark)) {
          const files = await this.#session.blank.copy(uploads, client_id);
          if (kept.isClosed) return;
          this.#session.blank.reload();
          const isStored = this.#session.blank.add({ text: content, files }, this.#tails.get(id));
          tell();
          if (!this.#remember(mark, isStored)) continue;
        }
        client.discard(id, client_id);
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    };
    await (this.#storage.exclusive?.(`gone/${id}`, work) ?? work());
    // Another tab may have moved it before this one came to it.
    if (this.notice === 'gone' && this.#hasMoved(id)) this.notice = 'goneKept';
    tell();
  }

  get #moved(): string[] {
    return this.#session.kept.get<string[]>('moved') ?? [];
  }

  #hasMoved(id: string): boolean {
    return this.#moved.some((mark) => mark.startsWith(`${id}/`));
  }

  /** @returns whether it stands on the blank page for good */
  #remember(mark: string, isStored: boolean): boolean {
    this.#movedHere.add(mark);
    // For other tabs; where there is no room for it, what it is about is taken away all the same.
    if (isStored) this.#session.kept.set('moved', [...this.#moved, mark].slice(-MOVED_KEPT));
    return isStored;
  }
}
