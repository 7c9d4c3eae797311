import type { LinkCodec } from './plena.d.ts';

export declare const codec: LinkCodec;
