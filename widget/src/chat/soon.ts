declare const scheduler: { postTask(work: () => void): Promise<void> } | undefined;

/** Does it in a task of its own, as soon as the browser has time. */
export function soon(work: () => void): void {
  if (typeof scheduler === 'undefined') setTimeout(work);
  else void scheduler.postTask(work);
}
