interface Scheduler {
  postTask(work: () => void, options: { priority: string }): unknown;
}

/** Does it in a task of its own, as soon as the browser has time; or when it has nothing better to do. */
export function soon(work: () => void, priority = 'user-visible'): void {
  const { scheduler } = globalThis as unknown as { scheduler?: Scheduler };
  if (scheduler) scheduler.postTask(work, { priority });
  else setTimeout(work);
}
