/** How much a bench does: all of it, or as much as a look takes. */
export type Scale = {
  /** Of one measured load. */
  seconds: number
  rounds: number
  queued: number
  expired: number
}
