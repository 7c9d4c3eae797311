// A view that is fetched when it is first shown, so that the first visit does not wait for it.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

export function lazyView(load: () => Promise<{ View: ComponentType }>): ComponentType {
  let loaded: ComponentType | null = null;
  return function Lazy() {
    const [View, setView] = useState<ComponentType | null>(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (View) return;
      let wanted = true;
      load().then(
        (module) => {
          loaded = module.View;
          if (wanted) setView(() => module.View);
        },
        () => {
          if (wanted) setFailed(true);
        },
      );
      return () => {
        wanted = false;
      };
    }, []);
    if (View) return <View />;
    return (
      <p class="empty">
        {failed ? 'This view could not be loaded: reload the page.' : 'Loading \u2026'}
      </p>
    );
  };
}
