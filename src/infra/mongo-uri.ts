import { MongoClient } from 'mongodb';

/** What the driver says in words that are safe to repeat: none of them quotes the address. */
const repeatable = [
  /^mongodb\+srv URI cannot have port number$/,
  /^directConnection option requires exactly one host$/,
  /^tls\/ssl must be either "true" or "false"$/,
  /^Expected \w{1,40} to be stringified int value(?=, got)/,
];

/**
 * Parses an address as the driver will, without connecting.
 * @returns why it cannot be used, without anything of the user or password in it; undefined when it can
 */
export function mongoUriProblem(uri: string): string | undefined {
  try {
    // Opens nothing before `connect`; the name of an SRV record is not looked up here either.
    new MongoClient(uri);
    return undefined;
  } catch (error) {
    const said = (error as Error).message;
    const option = /^options? (\w{1,40})(?:,| (?:is|are)) not supported/.exec(said)?.[1];
    if (option) return `the driver knows no option "${option}"`;
    for (const pattern of repeatable) {
      const match = pattern.exec(said);
      if (match) return match[0];
    }
    return 'the driver cannot read it; in a user name and a password @ : / ? # and % are written as %40 %3A %2F %3F %23 and %25';
  }
}
