/** Termux's Node says `android`. */
Object.defineProperty(process, 'platform', { value: 'android' })
