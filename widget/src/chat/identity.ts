import { inTokenTime } from '../../../client/tokens.ts';
import type { ChatOptions } from '../shared/options.ts';
import { fingerprint, ofTab } from './keeper.ts';

const PAGE_TOKEN_KEY = 'deskcord/page-token';

/** Nobody is signed in: the site has to offer that first. */
export class SignedOut extends Error {}

interface Claims {
  id?: string | number;
  sub?: string;
  iss?: string;
  username?: string;
}

export interface Person {
  /** Fingerprint of the server, issuer and id: another one is another user. */
  key: string;
  id: string;
  name: string;
}

function readClaims(token: string): Claims {
  const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
}

/** Who a token speaks for. Nothing is believed for it here; the server checks the signature. */
export function personOf(token: string, url: string): Person {
  try {
    const { id, sub, iss = '', username = '' } = readClaims(token);
    const user = String(id ?? sub ?? '');
    if (!user) throw new Error('there is no id in it');
    return { key: fingerprint(`${url}\n${iss}\n${user}`), id: user, name: username };
  } catch (error) {
    throw new Error(`what the site gave is not a token: ${(error as Error).message}`);
  }
}

const signedOut = [401, 403, 204, 404];

/**
 * A page of its own gets its token in the address, behind the `#`, which no server sees; it is taken
 * out of it and kept for this tab. @throws SignedOut without one
 */
function tokenOfAddress(mode: ChatOptions['mode']): string {
  if (mode !== 'page') throw new SignedOut();
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    ofTab.setItem(PAGE_TOKEN_KEY, given);
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  const token = ofTab.getItem(PAGE_TOKEN_KEY);
  if (!token) throw new SignedOut();
  return token;
}

/**
 * Asks the partner's site for a token. @throws SignedOut where nobody is signed in, and an error where it
 * does not answer in time
 */
export function fetchToken(options: ChatOptions): Promise<string> {
  return inTokenTime(ask(options));
}

async function ask({ tokenUrl, getToken, mode }: ChatOptions): Promise<string> {
  if (getToken) return (await getToken()) || Promise.reject(new SignedOut());
  if (!tokenUrl) return tokenOfAddress(mode);
  const answer = await fetch(tokenUrl, {
    credentials: 'include',
    cache: 'no-store',
    headers: { accept: 'application/json' },
  });
  if (signedOut.includes(answer.status)) throw new SignedOut();
  const text = (await answer.text()).trim();
  if (!answer.ok) throw new Error(`${tokenUrl} answered ${answer.status}`);
  if (!text.startsWith('{')) return text;
  const { token } = JSON.parse(text) as { token?: string };
  if (!token) throw new Error(`there is no "token" in the answer of ${tokenUrl}`);
  return token;
}
