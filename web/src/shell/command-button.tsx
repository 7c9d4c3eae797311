// A button for a command of the table: its name and key as title, off when there is nothing to do.
import { shownKey } from '../lib/keys.ts';
import { usePage } from '../panels/page.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { commandOf } from './commands.ts';

export function CommandButton(props: {
  id: string;
  icon: IconName;
  text: string;
  /** Its text stays beside the icon where there is room. */
  wide?: boolean;
  primary?: boolean;
  class?: string;
}) {
  const page = usePage();
  const { id, icon, text } = props;
  const command = commandOf(id);
  const keys = command.keys?.map(shownKey).join(', ');
  return (
    <button
      type="button"
      class={`button ${props.primary ? 'primary' : ''} ${props.class ?? ''}`}
      id={id}
      title={`${command.title}${keys ? ` (${keys})` : ''}`}
      disabled={!(command.ready?.(page) ?? true)}
      onClick={() => void command.run(page)}
    >
      <Icon name={icon} />{' '}
      <span class={props.primary ? '' : props.wide === false ? 'sr-only' : 'button-text'}>
        {text}
      </span>
    </button>
  );
}
