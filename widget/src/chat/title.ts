const ownPrefix = /^\(\d+\+?\) /;

/** The number of unread messages in front of the page's title, whoever changes the title meanwhile. */
export function markTitle(count: number): void {
  const bare = document.title.replace(ownPrefix, '');
  const title = count > 0 ? `(${count > 99 ? '99+' : count}) ${bare}` : bare;
  if (document.title !== title) document.title = title;
}
