/** Thrown while a payload is handled: the connection is to be closed with one of Discord's codes. */
export class Closing extends Error {
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason);
    this.code = code;
  }
}

export const closings = {
  unknownOpcode: () => new Closing(4001, 'Unknown opcode.'),
  decode: () => new Closing(4002, 'Error while decoding payload.'),
  notAuthenticated: () => new Closing(4003, 'Not authenticated.'),
  badToken: () => new Closing(4004, 'Authentication failed.'),
  alreadyAuthenticated: () => new Closing(4005, 'Already authenticated.'),
  badSeq: () => new Closing(4007, 'Invalid seq.'),
  rateLimited: () => new Closing(4008, 'You are being rate limited.'),
  badIntents: () => new Closing(4013, 'Invalid intent(s).'),
  deniedIntents: () => new Closing(4014, 'Disallowed intent(s).'),
};
