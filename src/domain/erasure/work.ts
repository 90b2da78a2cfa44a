/** Under this kind a deleted ticket is wiped; its key is the ticket. */
export const WIPE_TICKET = 'wipe-ticket';
/** Under this kind all that is known of a customer is; its key is the erasure. */
export const WIPE_CUSTOMER = 'wipe-customer';

/**
 * How long after the first pass a ticket is gone through once more, in milliseconds: longer than an upload
 * may take, and whatever was under way elsewhere when it was deleted.
 */
export const LAST_LOOK_MS = 10 * 60_000;
