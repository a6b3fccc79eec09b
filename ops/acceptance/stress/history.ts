/**
 * What the harness was told about each job, held against what a bus promises. Pure: it is given a history and says
 * what is wrong with it.
 */

type ClaimSeen = {
  id: string
  token: string
  attempt: number
  /** Of its lease. */
  seconds: number
  intact: boolean
  sentAt: number
  answeredAt: number
}

/** All that was told about one job. Times are of the harness's monotonic clock, in ms. */
export type Job = {
  n: number
  /** When it was to be published: in an open loop by the timetable, else when it was first sent. */
  intendedAt: number
  /** When its publish was acknowledged. */
  publishedAt: number | null
  /** Every id that an acknowledged publish of it gave; there may be more than one answer, but only one id. */
  ids: string[]
  claims: ClaimSeen[]
  /** When each settle was sent that the bus accepted. */
  accepted: number[]
  /** When the first accepted settle was answered; or sent, where its answer was lost and the bus says that it was taken. */
  settledAt: number | null
  /** When each settle was sent of which no answer came: it may have happened, or not. */
  unsure: number[]
  /** What the bus itself said about it afterwards, if it was asked. */
  status: string | null
}

export const newJob = (n: number, intendedAt: number): Job => ({
  n,
  intendedAt,
  publishedAt: null,
  ids: [],
  claims: [],
  accepted: [],
  settledAt: null,
  unsure: [],
  status: null,
})

export type Faults = {
  /** Acknowledged publishes of one job that became two intents. */
  doubled: string[]
  /** Published, and never settled. */
  lost: string[]
  /** Handed out while somebody else's lease was alive, or after it was settled. */
  handedOutTwice: string[]
  /** Settled more than once. */
  acceptedTwice: string[]
  /** Handed out with another payload than was published. */
  altered: string[]
  /** Accepted, and then the bus says otherwise. */
  denied: string[]
}

/** Between two clocks. */
const TOLERANCE_MS = 1000

/** @param over whether the run came to its end: else a job that is not settled is not lost */
export function faultsOf(jobs: readonly Job[], over: boolean): Faults {
  const faults: Faults = {
    doubled: [],
    lost: [],
    handedOutTwice: [],
    acceptedTwice: [],
    altered: [],
    denied: [],
  }
  const tokens = new Set<string>()
  for (const job of jobs) {
    const name = `job ${job.n}`
    const ids = new Set([...job.ids, ...job.claims.map(({ id }) => id)])
    if (ids.size > 1) faults.doubled.push(`${name} became ${ids.size} intents: ${[...ids].join(', ')}`)
    const settled = job.accepted.length > 0
    if (over && job.publishedAt !== null && job.settledAt === null) {
      faults.lost.push(
        `${name} (${job.ids[0]}) was acknowledged and never settled; the bus says: ${job.status ?? 'nothing'}`,
      )
    }
    if (job.accepted.length > 1) faults.acceptedTwice.push(`${name} was settled ${job.accepted.length} times`)
    if (job.claims.some(({ intact }) => !intact)) faults.altered.push(`${name} came with another payload`)
    if (settled && job.status !== null && job.status !== 'fulfilled') {
      faults.denied.push(`${name} was accepted as fulfilled; the bus says: ${job.status}`)
    }
    for (const claim of job.claims) {
      if (tokens.has(claim.token))
        faults.handedOutTwice.push(`${name}: the token ${claim.token} was given twice`)
      tokens.add(claim.token)
    }
    if (handedOutTwice(job))
      faults.handedOutTwice.push(`${name} was handed out while it was held, or settled`)
  }
  return faults
}

/** A lease that was not given back ends no sooner than its length after its claim was asked for. */
function handedOutTwice({ claims, accepted }: Job): boolean {
  const inOrder = claims.toSorted((a, b) => a.answeredAt - b.answeredAt)
  const leasesOverlap = inOrder.some((claim, i) => {
    const before = inOrder[i - 1]
    return before !== undefined && claim.answeredAt < before.sentAt + before.seconds * 1000 - TOLERANCE_MS
  })
  const settledAt = accepted[0]
  return (
    leasesOverlap ||
    (settledAt !== undefined && claims.some(({ sentAt }) => sentAt > settledAt + TOLERANCE_MS))
  )
}
