/** Drawings for what is loaded once the chat is open. */
export const drawings = {
  reply: 'M9 6l-5 5 5 5M4 11h9a7 7 0 017 7',
  trash: 'M5 7h14M9.5 7V4.5h5V7m-8 0l.9 13h9.2l.9-13',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  bell: 'M6.5 10a5.5 5.5 0 0111 0c0 5 2 6.5 2 6.5h-15s2-1.5 2-6.5M10 19.5a2 2 0 004 0',
  sound: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 010 6M18 6.5a7.5 7.5 0 010 11',
  stop: 'M12 3a9 9 0 100 18 9 9 0 000-18zM8.5 12l2.5 2.5 4.5-5',
} as const;
