// What every panel can reach: the state to read and the actions to call.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Session } from '../state/session.ts';
import type { Store } from '../state/store.ts';

export interface Page {
  store: Store;
  session: Session;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('a panel was mounted outside the page');
  return page;
}
