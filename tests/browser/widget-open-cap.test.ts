import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { useWidget } from '../support/widget.ts';
import { findBarriers, said, write } from './widget-desk.ts';

const widget = useWidget({ env: { MAX_OPEN_TICKETS_PER_USER: '1' } });
const { come, begin, me, staff, picture } = widget;

test('one conversation more than a customer may have open says so, keeps the words, and goes when there is room', async () => {
  const { page } = await come();
  const first = await begin(page);
  await said(page, 'My fern is unwell').waitFor();
  await page.getByRole('button', { name: 'All conversations' }).click();
  await page.getByRole('button', { name: 'New conversation' }).click();
  await write(page, 'And my cactus');
  const why = 'You have as many open conversations as you can have. Please end one first.';
  await page.getByText(why).first().waitFor();
  await picture(page, 'too-many-open');
  expect(await findBarriers(page)).toEqual([]);
  await staff().close(first);
  await page.getByText('Try again', { exact: false }).first().click();
  await eventually(
    async () => {
      const { body } = await me().call<{ id: string; description: string }[]>('GET', '/tickets');
      expect(body.map(({ description }) => description)).toContain('And my cactus');
      expect(body).toHaveLength(2);
    },
    { every: 250 },
  );
  await page.getByRole('button', { name: 'All conversations' }).click();
  await page.locator('.tickets .ticket', { hasText: 'My fern' }).click();
  await page.getByRole('button', { name: 'Reopen conversation' }).click();
  await page.getByText(why).first().waitFor();
  await picture(page, 'too-many-open-to-reopen');
}, 60_000);
