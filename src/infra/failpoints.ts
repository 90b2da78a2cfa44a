/** Moments at which the fault tests kill the process, in the order a message passes them. */
export type FailpointName =
  | 'before-insert'
  | 'after-insert'
  | 'before-publish'
  | 'after-publish'
  | 'after-guild-choice'
  | 'after-channel-create'
  | 'before-post'
  | 'after-post'
  | 'after-webhook'
  | 'after-record'
  | 'before-inbound-commit'
  | 'after-inbound-commit'
  | 'before-close-step'
  | 'after-close-step'
  | 'before-park-step'
  | 'after-park-step'
  | 'before-move-step'
  | 'after-move-step'
  | 'before-migration-step'
  | 'after-reserve'
  | 'after-bytes'
  | 'after-claim'
  | 'before-file-drop'
  | 'before-file-removal'
  | 'after-file-removal'
  | 'after-setup-create'
  | 'after-setup-store'
  | 'after-tombstone'
  | 'before-wipe-step'
  | 'after-wipe-step'
  | 'before-discord-wipe'
  | 'after-discord-wipe';

export type Failpoint = (point: FailpointName) => void;

/**
 * Makes the hook that kills this process with SIGKILL on the nth pass of a point, or freezes it there
 * with SIGSTOP.
 * @param spec `point`, `point:n` or `point:n:SIGSTOP`; undefined, as in every real run, makes a hook that does nothing.
 */
export function createFailpoint(spec: string | undefined): Failpoint {
  if (!spec) return () => undefined;
  const [name, nth = '1', signal = 'SIGKILL'] = spec.split(':');
  let left = Number(nth);
  return (point) => {
    if (point === name && --left === 0) process.kill(process.pid, signal);
  };
}
