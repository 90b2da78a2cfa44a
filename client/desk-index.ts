/** What the staff's side of a page needs: the help desk's calls, and a client that has the notes. */
export { createDesk, type Desk, type DeskOptions } from './desk.ts';
export { createStaffClient } from './staff-client.ts';
