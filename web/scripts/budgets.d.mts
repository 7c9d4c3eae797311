export declare const budgets: Record<
  'shell' | 'engine' | 'verified' | 'rest' | 'layout' | 'editor',
  number
>;
export declare const TOLERANCE: number;
