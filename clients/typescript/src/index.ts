/**
 * Client and worker runtime for Intent Bus.
 *
 * @module
 */
export type { Admin } from './admin.ts'
export type {
  AuditAction,
  AuditEntry,
  AuditFilter,
  Backup,
  Backups,
  Cause,
  DeadLetter,
  DeadLetterDetail,
  DeadLetterFilter,
  IntentDetail,
  IssuedKey,
  KeyTerms,
  Maintenance,
  NewBackup,
  Overview,
  WhichKey,
} from './admin-wire.ts'
export { type BusOptions, IntentBus, type Publication } from './bus.ts'
export type { Clock } from './clock.ts'
export {
  BusError,
  type BusErrorCode,
  IntentBusError,
  IntentDeadError,
  LeaseLostError,
  NotDoneYetError,
  UnexpectedAnswerError,
  UnreachableError,
} from './errors.ts'
export type { AnyGoals, Goal, GoalsLike, PayloadOf, ResultOf } from './goals.ts'
export type { Persistence, TransportOptions } from './transport.ts'
export type {
  Claim,
  ClaimOptions,
  Extension,
  Failure,
  Fulfilment,
  Health,
  IntentFilter,
  Lease,
  ListedIntent,
  Moved,
  Published,
  PublishOptions,
  Refused,
  Result,
  ResultType,
  Settlement,
  State,
  Status,
  Visibility,
} from './wire.ts'
export { eventLine } from './worker/event-line.ts'
export type { Attributes, EventName, Hooks, WorkerEvent } from './worker/events.ts'
export { type Handler, type Job, TextResult } from './worker/job.ts'
export type { Worker, WorkerOptions } from './worker/worker.ts'
