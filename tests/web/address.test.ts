// Addresses that a link names: which are fetched, and what may come of that.
import { describe, expect, it, vi } from 'vitest';
import { fetchBytes, fileName, readRemote, refusedAddress } from '../../web/src/lib/address.ts';
import { linkIn } from '../../web/src/lib/fragment.ts';

describe('the fragment of the page', () => {
  it('is a link, unless it is a place of the page', () => {
    const isPlace = (id: string) => id === 'pane-assembly';
    expect(linkIn('#1abc', isPlace)).toBe('#1abc');
    expect(linkIn('#learn/m-mm', isPlace)).toBe('#learn/m-mm');
    expect(linkIn('#pane-assembly', isPlace)).toBe(null);
    for (const none of ['', '#']) expect(linkIn(none, isPlace)).toBe(null);
  });
});

const SHA = 'ab'.repeat(32);

describe('addresses', () => {
  it.each(['https://models.plena.dev/a/b.json', 'https://a.example.org/x.onnx?v=2'])(
    '%s may be fetched',
    (text) => expect(refusedAddress(text)).toBe(null),
  );

  it.each([
    'http://models.plena.dev/a.json',
    'javascript:alert(1)',
    'data:application/json,{}',
    'file:///etc/passwd',
    'blob:https://models.plena.dev/1',
    '//models.plena.dev/a.json',
    'a.json',
    'https://user:word@models.plena.dev/a.json',
    'https://user@models.plena.dev/a.json',
    'https://models.plena.dev:8443/a.json',
    'https://localhost/a.json',
    'https://a.localhost/a.json',
    'https://printer.local/a.json',
    'https://intranet/a.json',
    'https://db.internal/a.json',
    'https://localhost./a.json',
    'https://printer.local./a.json',
    'https://intranet./a.json',
    'https://router.home.arpa/a.json',
    'https://127.0.0.1/a.json',
    'https://2130706433/a.json',
    'https://0x7f.1/a.json',
    'https://[::1]/a.json',
    'https://192.168.0.1/a.json',
    '',
  ])('%s is refused, and never asked for', async (text) => {
    expect(refusedAddress(text)).not.toBe(null);
    const get = vi.fn();
    await expect(fetchBytes(text, 10, get)).rejects.toThrow();
    expect(get).not.toHaveBeenCalled();
  });

  it('tells nobody who asks, and follows to no other place', async () => {
    const get = vi.fn(() => Promise.resolve(new Response('12345')));
    const bytes = await fetchBytes('https://models.plena.dev/a.json', 5, get);
    expect(new TextDecoder().decode(bytes)).toBe('12345');
    expect(get).toHaveBeenCalledWith(
      'https://models.plena.dev/a.json',
      expect.objectContaining({
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        redirect: 'error',
      }),
    );
  });

  it('ends what is longer than it may be, and tells what the server says', async () => {
    const get = (text: string, status = 200) =>
      vi.fn(() => Promise.resolve(new Response(text, { status })));
    await expect(fetchBytes('https://a.b.dev/x', 4, get('12345'))).rejects.toThrow(/more than 4/);
    await expect(fetchBytes('https://a.b.dev/x', 9, get('no', 404))).rejects.toThrow(/404/);
  });

  it('are read with their hash, or not at all', () => {
    const address = 'https://models.plena.dev/a b.plena.json';
    const fragment = `#u=${encodeURIComponent(address)}&h=${SHA}`;
    expect(readRemote(fragment)).toEqual({ address, sha256: SHA });
    expect(readRemote(`https://page.dev/${fragment}`)).toEqual({ address, sha256: SHA });
    expect(readRemote('#1jdPBCcAg')).toBe(null);
    expect(readRemote('')).toBe(null);
    for (const broken of [
      '#u=',
      `#u=${encodeURIComponent(address)}`,
      `#u=x&h=${SHA.slice(1)}`,
      `#u=%&h=${SHA}`,
      `#u=${'x'.repeat(3000)}&h=${SHA}`,
      `#u=x&h=${SHA}&more=1`,
    ])
      expect(readRemote(broken), broken).toBe('broken');
    expect(fileName('https://a.dev/x/y%20z.json?q=1')).toBe('y z.json');
    expect(fileName('https://a.dev/')).toBe('file');
  });
});
