/**
 * What `@deskcord/client/desk` exports: the staff's side, which is the help desk's calls and a client that
 * has the notes.
 */
export { createDesk, type Desk, type DeskOptions, type Page } from './desk.ts';
export { DeskError, type DeskErrorCode } from './errors.ts';
export { createStaffClient, type Notes, type StaffClient } from './staff-client.ts';
