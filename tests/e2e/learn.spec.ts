// Lessons: a walk through all of them, their things to try, and their links.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { openVerified, watch } from './support.ts';

const lesson = (page: Page) => page.locator('.lesson');

/** The lesson has run what it opened, and the result agrees. */
async function settled(page: Page, step: number) {
  await expect(lesson(page)).toHaveAttribute('data-step', String(step), { timeout: 60_000 });
  await expect(lesson(page)).toHaveAttribute('data-busy', 'false', { timeout: 60_000 });
  await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/);
}

test('a walk through the lessons, from one instruction to a token', async ({ page }) => {
  test.setTimeout(300_000);
  const seen = watch(page);
  await openVerified(page);
  await page.locator('#example').click();
  const door = page.getByRole('region', { name: 'Lessons' });
  // The list comes when it is first looked at.
  await expect(door.getByRole('link').first()).toBeVisible();
  const titles = await door.getByRole('link').allTextContents();
  expect(titles.length).toBeGreaterThanOrEqual(6);
  await door.getByRole('link').first().click();
  for (const [i, title] of titles.entries()) {
    await expect(lesson(page).getByRole('heading', { level: 2 })).toHaveText(title, {
      timeout: 60_000,
    });
    await settled(page, 0);
    await expect(lesson(page)).toContainText(`Lesson ${i + 1} of ${titles.length}`);
    expect(new URL(page.url()).hash).toMatch(/^#learn\/[a-z0-9-]+$/);
    await lesson(page).locator('.lesson-tries button').first().click();
    await settled(page, 1);
    await expect(lesson(page).getByRole('status')).toBeVisible();
    // What some tries open lies over the lesson.
    if ((await page.locator('.sheet:visible').count()) > 0) await page.keyboard.press('Escape');
    await expect(page.locator('.sheet:visible')).toHaveCount(0);
    const next = lesson(page).getByRole('link', { name: /^Next/ });
    if (i < titles.length - 1) await next.click();
    else await expect(next).toHaveCount(0);
  }
  await lesson(page)
    .getByRole('link', { name: /^Previous/ })
    .click();
  await expect(lesson(page).getByRole('heading', { level: 2 })).toHaveText(titles.at(-2) ?? '');
  await page.getByRole('button', { name: 'Close the lesson' }).click();
  await expect(lesson(page)).toHaveCount(0);
  expect(seen).toEqual([]);
});

test('a link to a step of a lesson opens it, narrow and dark too', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 800 });
  await page.goto('./#learn/m-mm/1');
  await settled(page, 1);
  await expect(lesson(page).getByRole('status')).toBeVisible();
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(390);
  const { violations } = await new AxeBuilder({ page }).include('.lesson').analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
});

test('a lesson that there is not is said, and the page has its example', async ({ page }) => {
  await page.goto('./#learn/nothing');
  await expect(page.locator('.headline .badge')).toHaveText(/verified on your machine/);
  await page.getByRole('button', { name: '1 error' }).click();
  await expect(page.locator('#pane-diagnostics')).toContainText('There is no lesson "nothing".');
});
