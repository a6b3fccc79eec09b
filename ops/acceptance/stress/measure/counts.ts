import { nameOf, type Reply } from '../bus/bus-client.ts'

export type Verb = 'publish' | 'claim' | 'settle'

/** What happened, each kind counted apart. */
export class Counts {
  /** Publishes acknowledged, intents handed out, settles accepted. */
  published = 0
  claimed = 0
  settled = 0
  /** Claims that found nothing. */
  empty = 0
  /** Requests of which no whole answer came. */
  networkErrors = 0
  /** 404 on a settle: the lease is somebody else's by now. */
  leaseLosses = 0
  /** A publish that the bus does not take. */
  publishRejects = 0
  /** 429: too many requests, or too many open intents. */
  rateLimits = 0
  /** 503: the bus asks to come back. */
  overloads = 0
  /** Anything else that is not success. */
  others = 0
  /** By verb and name, as `publish 413 payload_too_large`. */
  readonly kinds: Record<string, number> = {}
  /** When each of the above that is no success happened, for the chart. */
  readonly errorTimes: number[] = []

  /** Counts a reply that is neither success nor 204. */
  refusal(verb: Verb, reply: Reply): void {
    const kind = `${verb} ${nameOf(reply)}`
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1
    this.errorTimes.push(reply.answeredAt)
    if (reply.lost !== null) this.networkErrors += 1
    else if (reply.status === 429) this.rateLimits += 1
    else if (reply.status === 503) this.overloads += 1
    else if (verb === 'settle' && reply.status === 404) this.leaseLosses += 1
    else if (verb === 'publish' && reply.status >= 400 && reply.status < 500) this.publishRejects += 1
    else this.others += 1
  }

  get errors(): number {
    return (
      this.networkErrors +
      this.leaseLosses +
      this.publishRejects +
      this.rateLimits +
      this.overloads +
      this.others
    )
  }
}
