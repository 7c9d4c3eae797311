// The engine's own types, under one name for the whole page; said once in wasm/plena.d.ts.
export type { EngineInParts } from '../../../wasm/parts.d.mts';
export type {
  Ablation,
  AnalyticInfo,
  AnalyticPart,
  AnalyticReport,
  AnalyticRequest,
  AnalyticRun,
  AnalyticSweep,
  Attention,
  AttentionLayer,
  CauseInfo,
  ChangedSettings,
  ChoiceInfo,
  ComparedNumber,
  ComparedRow,
  ConditionInfo,
  Description,
  Diagnostic,
  DiffChange,
  DiffRows,
  Elements,
  Errors,
  Fault,
  FirstBad,
  GraphNode,
  GraphTensor,
  Heat,
  InstructionInfo,
  Judgement,
  KeyInfo,
  LaneInfo,
  Lanes,
  LinkCodec,
  MeasureInfo,
  MemoryMap,
  MemoryName,
  ModelDocument,
  ModelInfo,
  ModelPart,
  Moment,
  NodeSpans,
  NumberFormat,
  OperandInfo,
  Origin,
  OutputVerdict,
  PlenaModule,
  PrecisionInfo,
  PresetInfo,
  ProductPrices,
  Profile,
  ProfileCycles,
  ProfileRow,
  ProgramFile,
  ProgramInfo,
  RecipeInfo,
  Region,
  Registers,
  Reply,
  RooflinePoint,
  Row,
  RunComparison,
  RunSpans,
  RunState,
  SettingsInfo,
  Span,
  StageVerdict,
  StaticReport,
  TextInfo,
  TextOdds,
  TextProgram,
  TextRun,
  TextStep,
  TimingInfo,
  Touches,
  TracePiece,
  Verdict,
} from '../../../wasm/plena.d.ts';

/** How people's input becomes the model's, and its output theirs: the file `vocabulary.json` beside a model. */
export interface Vocabulary {
  kind: 'characters' | 'labels';
  /** What each id, or class, stands for. */
  tokens: readonly string[];
  /** Id that stands before every text. */
  begin: number | null;
  /** Id after which a text is complete. */
  end: number | null;
  /** Tokens that a text may have, `begin` included; null: not said. */
  context: number | null;
  /** Texts to try. */
  prompts: readonly string[];
  /** Ink from `low` to `high` becomes the input's values, times `scale` and plus `shift`. */
  picture: { low: number; high: number; scale: number; shift: number } | null;
}
