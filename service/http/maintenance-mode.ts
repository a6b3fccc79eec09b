import type { Broker } from '../broker/broker.ts'
import { BusError } from '../errors.ts'
import type { Actor, Maintenance } from '../store/records.ts'

/** `since`: bus ms; `null` when it is the variable's doing, which has it on from the start. */
export type MaintenanceState = {
  on: boolean
  by: 'variable' | 'switch' | null
  since: number | null
  note: string
}

const OFF: MaintenanceState = { on: false, by: null, since: null, note: '' }
const FORCED: MaintenanceState = { on: true, by: 'variable', since: null, note: '' }

/** Whether all but admins are sent away: because a variable says so, or because an admin switched it on while the bus runs. */
export class MaintenanceMode {
  readonly #broker: Broker
  readonly #forced: boolean
  #state: MaintenanceState

  /** @param kept how the switch was left */
  constructor(broker: Broker, forced: boolean, kept: Maintenance | null) {
    this.#broker = broker
    this.#forced = forced
    this.#state = forced ? FORCED : switched(kept)
  }

  /** Read by every request. */
  get on(): boolean {
    return this.#state.on
  }

  get state(): MaintenanceState {
    return this.#state
  }

  /**
   * After a restart it is as it was left. Whoever waits in a long poll is answered when it begins.
   *
   * @throws {BusError} `invalid_request` when the variable has it on: the switch would do nothing
   */
  async switch(on: boolean, note: string, by: Actor): Promise<MaintenanceState> {
    if (this.#forced) {
      throw new BusError(
        'invalid_request',
        'BUS_MAINTENANCE_MODE is true on this bus, and wins over the switch: unset it and restart.',
      )
    }
    this.#state = switched(await this.#broker.maintain(on, note, by))
    if (this.#state.on) this.#broker.dismissWaiting()
    return this.#state
  }
}

const switched = (kept: Maintenance | null): MaintenanceState =>
  kept === null ? OFF : { on: true, by: 'switch', ...kept }
