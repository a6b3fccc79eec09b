/** Whether all is run, as by `npm run test:nightly`; or, as in .ci/run, what may take an hour is left out or cut short. */
export const NIGHTLY = process.env['NIGHTLY'] === 'true'

/** The name of a test that is skipped by day, with the reason. */
export const nightly = (name: string): string => (NIGHTLY ? name : `${name} (skipped: by night alone)`)
