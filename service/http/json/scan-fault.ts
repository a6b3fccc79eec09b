/** Why a text is refused, and at which byte. `takes` says what belongs there. */
export class ScanFault extends Error {
  readonly kind: 'unexpected' | 'early' | 'deep' | 'many' | 'members'
  readonly at: number
  readonly takes: string

  constructor(kind: ScanFault['kind'], at: number, takes = '') {
    super(kind)
    this.kind = kind
    this.at = at
    this.takes = takes
  }
}
