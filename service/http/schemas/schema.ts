/**
 * JSON Schema (2020-12) as plain objects, each with the type of what it lets through. A builder of its own is worth
 * these lines: TypeBox took 25 MB and 160 ms of every start for the same objects.
 */

declare const TYPE: unique symbol
const OPTIONAL = Symbol('may be left out')

/** `T` exists for the compiler only. */
export type Schema<T = unknown> = { readonly [keyword: string]: unknown; readonly [TYPE]?: T }
export type TypeOf<S> = S extends Schema<infer T> ? T : never
export type ObjectSchema<P extends Record<string, Schema>> = Schema<{
  [name in keyof P]: TypeOf<P[name]>
}> & {
  readonly properties: P
  readonly required: readonly string[]
}

export type Keywords = Record<string, unknown>

export const string = (keywords: Keywords = {}): Schema<string> => ({ type: 'string', ...keywords })
export const integer = (keywords: Keywords = {}): Schema<number> => ({ type: 'integer', ...keywords })
export const number = (keywords: Keywords = {}): Schema<number> => ({ type: 'number', ...keywords })
export const boolean = (keywords: Keywords = {}): Schema<boolean> => ({ type: 'boolean', ...keywords })
export const anything = (keywords: Keywords = {}): Schema<unknown> => ({ ...keywords })
export const exactly = <const T extends string | boolean>(value: T, keywords: Keywords = {}): Schema<T> => ({
  const: value,
  ...keywords,
})
export const oneOf = <const T extends string>(values: readonly T[], keywords: Keywords = {}): Schema<T> => ({
  type: 'string',
  enum: values,
  ...keywords,
})
export const orNull = <T>(schema: Schema<T>): Schema<T | null> => ({ anyOf: [schema, { type: 'null' }] })
export const either = <A, B>(a: Schema<A>, b: Schema<B>): Schema<A | B> => ({ anyOf: [a, b] })
export const list = <T>(items: Schema<T>, keywords: Keywords = {}): Schema<T[]> => ({
  type: 'array',
  items,
  ...keywords,
})

export const optional = <T>(schema: Schema<T>): Schema<T | undefined> => ({ ...schema, [OPTIONAL]: true })

export function object<P extends Record<string, Schema>>(properties: P): ObjectSchema<P> {
  const required = Object.keys(properties).filter(name => !(OPTIONAL in properties[name]!))
  return { type: 'object', properties, required }
}

const NAME = Symbol('name in components/schemas')

/** The same schema, which is written down once in the OpenAPI document, under this name. A copy with other keywords has none. */
export const named = <S extends object>(name: string, schema: S): S =>
  Object.defineProperty({ ...schema }, NAME, { value: name })
export const nameOf = (schema: object): string | undefined => (schema as { [NAME]?: string })[NAME]
