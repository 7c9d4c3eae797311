// Exports of other tools, dropped on the page, agree with the exporter's own result. Skipped where the
// recorded files are absent.
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { drop, fileOf, openVerified, sharedFile } from './support.ts';

for (const name of [
  'swiglu_dynamo',
  'mlp_legacy',
  'gpt2_2l',
  'llama_2l',
  'llama_hd64_eager',
  'siglip_vision',
])
  test(`${name}: the recorded input gives the recorded output`, async ({ page }) => {
    const model = sharedFile(`onnx/${name}/model.onnx`);
    const input = sharedFile(`onnx/${name}/input.bin`);
    const output = sharedFile(`onnx/${name}/output.f32.bin`);
    test.skip(model === null || input === null || output === null, 'no recorded ONNX files here');
    if (model === null || input === null || output === null) return;
    const bytes = readFileSync(output);
    const expected = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    await openVerified(page);
    // Named after the model's output, the recorded values are compared with the reference.
    await drop(page, fileOf(model), fileOf(input), { ...fileOf(output), name: 'y.bin' });
    await expect(page.locator('.headline .badge')).toHaveText(/computed in this page/, {
      timeout: 45_000,
    });
    await expect(page.locator('.report .verdict .badge')).toHaveText(/pass/);
    await page.locator('.samples summary').first().click();
    const rows = await page
      .locator('.samples tbody tr')
      .evaluateAll((all) =>
        all.map((row) => [...row.children].map((one) => Number(one.textContent))),
      );
    expect(rows.length).toBe(8);
    const largest = async (title: string) =>
      Number(
        await page
          .locator('.output tbody tr', { hasText: title })
          .locator('td')
          .first()
          .textContent(),
      );
    expect(await largest('Given against fp32')).toBeLessThan(1e-4);
    const price = await largest('Price of the formats');
    for (const [element = -1, fp32 = Number.NaN, , machine = Number.NaN] of rows) {
      const wanted = expected[element] ?? Number.NaN;
      expect(Math.abs(fp32 - wanted)).toBeLessThan(1e-4 * Math.max(1, Math.abs(wanted)));
      expect(Math.abs(machine - wanted)).toBeLessThan(price * 1.01 + 1e-4);
    }
  });
