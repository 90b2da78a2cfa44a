/**
 * Error boundary of a listener on a stream that a peer's bytes move: what it throws refuses that request,
 * where otherwise nobody would catch it.
 */
export function guarded<A extends unknown[]>(
  refuse: (error: unknown) => void,
  listener: (...args: A) => void,
): (...args: A) => void {
  return (...args) => {
    try {
      listener(...args);
    } catch (error) {
      refuse(error);
    }
  };
}
