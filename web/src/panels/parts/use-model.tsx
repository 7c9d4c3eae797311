// What the views of texts and drawings share: the state behind them, which is loaded with them.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Uses } from '../../state/using.ts';
import { usePage } from '../page.ts';

/** Inside a view that was made by `withUses`. */
export function useModel(): Uses {
  const uses = usePage().session.using.loaded.value;
  if (!uses) throw new Error('the state of the view has not been loaded');
  return uses;
}

/** The view, as soon as its state is there. */
export function withUses(View: ComponentType): ComponentType {
  return function Used() {
    const { using } = usePage().session;
    const [wrong, setWrong] = useState('');
    useEffect(() => {
      using.load().catch((error: unknown) => setWrong(String(error)));
    }, [using]);
    if (using.loaded.value) return <View />;
    return wrong ? <p class="empty">This part could not be loaded: {wrong}</p> : null;
  };
}
