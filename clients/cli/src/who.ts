/** Whose an intent is, and who may take it: of what waits for ever, this mostly says why. */
import type { Status } from '@intent-bus/client/index'
import { plain } from './output.ts'
import { beginningOf } from './table.ts'

type Addressed = Pick<
  Status,
  'namespace' | 'targetWorker' | 'requiredCapability' | 'visibility' | 'publisher'
>

/** How the bus names the master key. An issued one begins with `tk_`. */
const MASTER = 'master'

/** In a few words, for a line of a list. */
export function forWhom({ targetWorker, requiredCapability, visibility, publisher }: Addressed): string[] {
  return [
    ...(targetWorker === null ? [] : [`for worker ${targetWorker}`]),
    ...(requiredCapability === null ? [] : [`needs capability ${requiredCapability}`]),
    visibility === 'public' ? 'any key' : `only key ${plain(publisher ?? 'of its publisher')}`,
  ]
}

/** `a worker with the key tk_ab…(ann), in the namespace home, that is named barn and offers gpu` */
export function whoMayTake(intent: Addressed): string {
  const { namespace, targetWorker, requiredCapability, visibility, publisher } = intent
  const key =
    publisher === undefined
      ? 'the key that published it'
      : publisher === MASTER
        ? 'the master key'
        : `the key ${plain(publisher)}`
  const asked = [
    ...(targetWorker === null ? [] : [`is named ${targetWorker}`]),
    ...(requiredCapability === null ? [] : [`offers ${requiredCapability}`]),
  ]
  return [
    `a worker with ${visibility === 'public' ? 'any key' : key}`,
    `in the namespace ${namespace}`,
    ...(asked.length === 0 ? [] : [`that ${asked.join(' and ')}`]),
  ].join(', ')
}

/** The goal, and behind it a namespace that does not go without saying. @param most of its characters */
export function goalIn(
  { goal, namespace }: Pick<Status, 'goal' | 'namespace'>,
  usual: string,
  most: number,
): string {
  const behind = namespace === usual ? '' : ` (${beginningOf(namespace, NAMESPACE_CHARS)})`
  return `${beginningOf(plain(goal), most - behind.length)}${behind}`
}

/** Of a namespace in a list in a terminal. */
const NAMESPACE_CHARS = 8
