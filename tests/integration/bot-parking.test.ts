import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { listParkable } from '../../src/domain/mirror/parking.ts';
import { sendNote } from '../../src/domain/messages/send.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
