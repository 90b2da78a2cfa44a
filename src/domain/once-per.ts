/**
 * Makes something when it is first asked for, once for each owner (a database, a context), and keeps it no
 * longer than that.
 */
export function oncePer<K extends object, T extends object>(
  make: (owner: K) => T,
): (owner: K) => T {
  const made = new WeakMap<K, T>();
  return (owner) => {
    const known = made.get(owner);
    if (known) return known;
    const thing = make(owner);
    made.set(owner, thing);
    return thing;
  };
}
