export declare const budgets: Record<
  'shell' | 'example' | 'engine' | 'verified' | 'rest' | 'layout' | 'editor',
  number
>;
export declare const TOLERANCE: number;
