/** How a variable of the table is read: everywhere the same way, by the bus, its threads and the command. */
import { VARIABLES, type Values } from './variables.ts'

type Env = Readonly<Record<string, string | undefined>>

/** @returns what is set, without the blanks around it; `undefined`: nothing, and an empty variable counts as unset */
export const givenText = (name: keyof Values, env: Env): string | undefined => env[name]?.trim() || undefined

/** @returns its default where it is not set, and `undefined` where it holds something that it does not take */
export function readValue<Name extends keyof Values>(name: Name, env: Env): Values[Name] | undefined {
  const text = givenText(name, env)
  return (text === undefined ? VARIABLES[name].default : VARIABLES[name].parse(text)) as
    | Values[Name]
    | undefined
}
