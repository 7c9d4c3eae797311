// Files dropped anywhere on the page are opened here and go nowhere else.
import { useEffect, useState } from 'preact/hooks';
import { embedName } from '../lib/embed.ts';
import { usePage } from '../panels/page.ts';
import { openDropped } from './pick.ts';

export function DropZone() {
  const page = usePage();
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (embedName() !== null) return;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      event.stopPropagation();
      setOver(false);
      if (event.dataTransfer) void openDropped(page, event.dataTransfer);
    };
    // Capture: the editor has a drop handling of its own.
    addEventListener('dragover', onOver, true);
    addEventListener('dragleave', onLeave, true);
    addEventListener('drop', onDrop, true);
    return () => {
      removeEventListener('dragover', onOver, true);
      removeEventListener('dragleave', onLeave, true);
      removeEventListener('drop', onDrop, true);
    };
  }, [page]);
  if (!over) return null;
  return (
    <div class="drop-zone">
      <div class="drop-card">
        <strong>Drop to open</strong>
        <p>
          A model (.onnx, .json) with its inputs (.bin, .npy), settings (.toml) or assembly (.asm);
          or a checkpoint: config.json with its .safetensors files, or the folder that holds them
        </p>
        <p class="muted">Nothing leaves this page: files are read here and sent nowhere.</p>
      </div>
    </div>
  );
}
