export declare const budgets: Record<'shell' | 'engine' | 'verified' | 'layout' | 'editor', number>;
export declare const TOLERANCE: number;
