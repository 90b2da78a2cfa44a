import { hkdfSync, type KeyObject } from 'node:crypto';
import type { Config } from '../../config.ts';

/** Keys of our own, one for each purpose. What they make says nothing of the secret of the tokens. */
interface DerivedKeys {
  /** Signs links to files: the first one new links, the others are still taken while they live. */
  links: readonly Buffer[];
  /** Makes the ids that stand for people of the staff. */
  aliases: Buffer;
}

const KEY_BYTES = 32;

const derive = (secret: KeyObject, label: string) =>
  Buffer.from(hkdfSync('sha256', secret, '', `deskcord ${label} v1`, KEY_BYTES));

const known = new WeakMap<Config, DerivedKeys>();

/**
 * HKDF of `LINK_SECRET`, or without one of the secrets of the tokens: the former one too while that is
 * being rotated, so that no link ends before its hour.
 */
export function derivedKeys(config: Config): DerivedKeys {
  const found = known.get(config);
  if (found) return found;
  const secrets = config.linkSecret ? [config.linkSecret] : config.jwt.keys;
  const keys = {
    links: secrets.map((secret) => derive(secret, 'file links')),
    aliases: derive(secrets[0] as KeyObject, 'staff aliases'),
  };
  known.set(config, keys);
  return keys;
}
