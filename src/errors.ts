import { MongoError } from 'mongodb';
import { type ErrorCode, errorStatus, type FieldError } from './contract/errors.ts';

export interface ErrorDetails {
  errors?: FieldError[];
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  retryAfter?: number;
  /** Further headers of the answer, such as `WWW-Authenticate`. */
  headers?: Record<string, string>;
  cause?: unknown;
}

/** An expected refusal: shown to the caller as it is. Anything else that is thrown is a bug. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return errorStatus[this.code];
  }
}

/** The refusal of a request whose fields are wrong, each with its reason. */
export function invalidForm(errors: FieldError[]): AppError {
  return new AppError('BAD_REQUEST', 'Invalid form of body', { errors });
}

/** The same for one field. @param type the reason as a word, for programs */
export function invalidField(
  location: string,
  message: string,
  type: string,
  where: FieldError['in'] = 'body',
): AppError {
  return invalidForm([{ location, message, type, in: where }]);
}

/** The refusal of what cannot be done as things are. @param type the reason as a word, for programs */
export function conflict(
  location: string,
  message: string,
  type: string,
  where: FieldError['in'] = 'body',
): AppError {
  return new AppError('CONFLICT', message, {
    errors: [{ location, message, type, in: where }],
  });
}

export function notFound(what: string): AppError {
  return new AppError('NOT_FOUND', `${what} not found`);
}

export function unavailable(message: string, cause?: unknown): AppError {
  return new AppError('SERVICE_UNAVAILABLE', message, { retryAfter: 2, cause });
}

/** True for an error of MongoDB's driver, not all of whose names say so, or of mongoose. */
export function isMongoError(error: unknown): boolean {
  return error instanceof MongoError || (error instanceof Error && error.name.startsWith('Mongo'));
}

/** True where MongoDB, not the request, is at fault, and trying again may help. */
export function isStorageError(error: unknown): boolean {
  return (
    isMongoError(error) ||
    (error instanceof Error && (error as { code?: unknown }).code === 'SERVICE_UNAVAILABLE')
  );
}

/** What a caller is told of anything thrown: a refusal as it is, a bug without detail. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isStorageError(error)) return unavailable('the database is not reachable, try again', error);
  return new AppError('INTERNAL_SERVER_ERROR', 'something went wrong on our side', {
    cause: error,
  });
}
