/** The shop's own program: who is signed in. A real shop has a session; this one has a cookie. */
const NAME = 'shop_customer';

const account = document.querySelector<HTMLSelectElement>('#account');
const known = new RegExp(`(?:^|; )${NAME}=([a-z]+)`).exec(document.cookie)?.[1];

const remember = (customer: string) => {
  // biome-ignore lint/suspicious/noDocumentCookie: the other way is not in every browser yet
  document.cookie = `${NAME}=${customer}; path=/; SameSite=Lax`;
};

if (account) {
  account.value = known ?? 'ana';
  if (!known) remember('ana');
  account.addEventListener('change', () => {
    remember(account.value);
    // The chat asks who is here now, and changes hands.
    (window as { SupportChat?: (command: string) => unknown }).SupportChat?.('refreshToken');
  });
  // Until now nobody would have heard of a choice.
  account.disabled = false;
}
