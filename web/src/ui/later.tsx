// A component that is loaded when it is first shown.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

export function later(load: () => Promise<ComponentType>): ComponentType {
  let loaded: ComponentType | null = null;
  return function Later() {
    const [Loaded, setLoaded] = useState<ComponentType | null>(() => loaded);
    const [wrong, setWrong] = useState('');
    useEffect(() => {
      if (Loaded) return;
      load().then(
        (found) => {
          loaded = found;
          setLoaded(() => found);
        },
        (error: unknown) => setWrong(`This part could not be loaded: ${String(error)}`),
      );
    }, [Loaded]);
    if (Loaded) return <Loaded />;
    return wrong ? <p class="empty">{wrong}</p> : null;
  };
}
