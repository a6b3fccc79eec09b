/** The client's types, held against the schemas that the bus validates with. `tsc` is what fails; the lines run all the same. */
import { expectTypeOf, test } from 'vitest'
import type { ErrorCode } from '../../../service/errors.ts'
import type {
  ChangeKeyBody,
  ClaimQuery,
  DeadLettersQuery,
  IntentsQuery,
  PublishBody,
} from '../../../service/http/schemas/requests.ts'
import type {
  AuditAnswer,
  ClaimAnswer,
  DeadLetterAnswer,
  DeadLettersAnswer,
  HealthAnswer,
  IntentAnswer,
  IntentsAnswer,
  KeysAnswer,
  MaintenanceAnswer,
  OverviewAnswer,
  PublishAnswer,
  ResultAnswer,
  StatusAnswer,
} from '../../../service/http/schemas/responses.ts'
import type { TypeOf } from '../../../service/http/schemas/schema.ts'
import type {
  AuditEntry,
  BusErrorCode,
  Claim,
  ClaimOptions,
  DeadLetter,
  DeadLetterDetail,
  DeadLetterFilter,
  Health,
  IntentBus,
  IntentDetail,
  IntentFilter,
  IssuedKey,
  Job,
  KeyTerms,
  ListedIntent,
  Maintenance,
  Overview,
  Published,
  PublishOptions,
  Result,
  Status,
} from '../src/index.ts'
import type { Camel } from '../src/wire.ts'

/** What may be `undefined` may be left out; for comparing, both are the same. */
type Filled<T> = { [Name in keyof T]-?: Exclude<T[Name], undefined> }

test('answers have the fields of the schemas, in the names of this language', () => {
  expectTypeOf<Filled<Camel<TypeOf<typeof StatusAnswer>>>>().toEqualTypeOf<Filled<Status>>()
  expectTypeOf<Filled<Camel<TypeOf<typeof ResultAnswer>>>>().toEqualTypeOf<Filled<Result>>()
  expectTypeOf<Camel<TypeOf<typeof ClaimAnswer>>>().toEqualTypeOf<{ [Name in keyof Claim]: Claim[Name] }>()
  expectTypeOf<TypeOf<typeof PublishAnswer>>().toEqualTypeOf<Published>()
  expectTypeOf<TypeOf<typeof HealthAnswer>>().toEqualTypeOf<Health>()
  expectTypeOf<Camel<TypeOf<typeof DeadLettersAnswer>[number]>>().toEqualTypeOf<DeadLetter>()
  expectTypeOf<Camel<TypeOf<typeof DeadLetterAnswer>>>().toEqualTypeOf<{
    [Name in keyof DeadLetterDetail]: DeadLetterDetail[Name]
  }>()
})

test('so have the answers to admins', () => {
  expectTypeOf<Camel<TypeOf<typeof KeysAnswer>['keys'][number]>>().toEqualTypeOf<IssuedKey>()
  expectTypeOf<Camel<TypeOf<typeof IntentsAnswer>[number]>>().toEqualTypeOf<{
    [Name in keyof ListedIntent]: ListedIntent[Name]
  }>()
  expectTypeOf<Camel<TypeOf<typeof AuditAnswer>['entries'][number]>>().toEqualTypeOf<AuditEntry>()
  expectTypeOf<TypeOf<typeof MaintenanceAnswer>>().toEqualTypeOf<Maintenance>()
  type Asked = Omit<Camel<TypeOf<typeof ChangeKeyBody>>, 'apiKey' | 'keyId' | 'owner'>
  expectTypeOf<Filled<Asked>>().toEqualTypeOf<Filled<KeyTerms>>()
  expectTypeOf<Filled<Camel<TypeOf<typeof IntentAnswer>>>>().toEqualTypeOf<Filled<IntentDetail>>()
  type Plain<T> = T extends (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { [Name in keyof T]: Plain<T[Name]> }
      : T
  expectTypeOf<Plain<Camel<TypeOf<typeof OverviewAnswer>>>>().toEqualTypeOf<Plain<Overview>>()
})

test('options have the fields of the schemas', () => {
  type Sent = Omit<Camel<TypeOf<typeof PublishBody>>, 'goal' | 'payload'>
  expectTypeOf<Filled<Sent>>().toEqualTypeOf<Filled<Omit<PublishOptions, 'idempotencyKey'>>>()

  type Filter = Omit<Camel<TypeOf<typeof IntentsQuery>>, 'limit' | 'before'>
  expectTypeOf<Filled<Filter>>().toEqualTypeOf<Filled<IntentFilter>>()

  type Letters = Omit<Camel<TypeOf<typeof DeadLettersQuery>>, 'limit' | 'before'>
  expectTypeOf<Filled<Letters>>().toEqualTypeOf<Filled<DeadLetterFilter>>()

  type Asked = Omit<Camel<TypeOf<typeof ClaimQuery>>, 'capabilities' | 'max'>
  expectTypeOf<Filled<Asked>>().toEqualTypeOf<Filled<Omit<ClaimOptions, 'capabilities' | 'signal'>>>()
})

test('it knows every error code of the bus', () => {
  expectTypeOf<BusErrorCode>().toEqualTypeOf<ErrorCode>()
})

test('a map of goals gives payloads and results their types', () => {
  interface Goals {
    resize: { payload: { file: string }; result: { width: number } }
    tick: { payload: null }
  }
  const check = (bus: IntentBus<Goals>, anyBus: IntentBus) => {
    void bus.publish('resize', { file: 'cat.png' })
    // @ts-expect-error no such field
    void bus.publish('resize', { fle: 'cat.png' })
    // @ts-expect-error no such goal
    void bus.publish('rezise', { file: 'cat.png' })
    // @ts-expect-error the payload of another goal
    void bus.publishMany([{ goal: 'tick', payload: { file: 'cat.png' } }])
    bus.worker('resize', job => {
      expectTypeOf(job).toEqualTypeOf<Job<{ file: string }, Goals>>()
      return { width: job.payload.file.length }
    })
    // @ts-expect-error another result
    bus.worker('resize', () => ({ height: 1 }))
    expectTypeOf(bus.request('resize', { file: '' })).resolves.toEqualTypeOf<{ width: number }>()
    expectTypeOf(bus.claim({ goal: 'resize' })).resolves.toEqualTypeOf<Claim<{ file: string }> | null>()
    void anyBus.publish('whatever', { any: ['thing'] })
  }
  expectTypeOf(check).toBeFunction()
})
